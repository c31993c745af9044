//! Pseudonyms in the place of a column's texts.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, ListArray, StringArray, StringBuilder, StringViewArray,
    StringViewBuilder,
};
use arrow::compute::take;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::Pseudonyms;
use crate::texts::Distinct;

impl Pseudonyms {
    /// A column with pseudonyms in the place of its texts; what was null stays so.
    ///
    /// # Errors
    /// When it is a column of something else: an identifier that cannot be hidden is not shown.
    pub(crate) fn of_column(&self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        if let Some(texts) = column.as_string_view_opt() {
            return match Distinct::of(texts) {
                // Within a batch the same text lies at the same place: each is encrypted once.
                Some(distinct) => {
                    let different = take(texts, &distinct.rows, None)?;
                    let different = self.of_texts(different.as_string_view())?;
                    take(&different, &distinct.places, None)
                }
                None => Ok(Arc::new(self.of_texts(texts)?)),
            };
        }
        if let Some(lists) = column.as_list_opt::<i32>()
            && lists.value_type() == DataType::Utf8
        {
            return Ok(Arc::new(self.of_lists(lists)?));
        }
        Err(ArrowError::SchemaError("an identifier is neither a text nor a list".to_owned()))
    }

    fn of_texts(&self, texts: &StringViewArray) -> Result<StringViewArray, ArrowError> {
        let mut pseudonyms = StringViewBuilder::with_capacity(texts.len());
        let (mut sealed, mut pseudonym) = (Vec::new(), String::new());
        for text in texts {
            match text {
                Some(text) => {
                    self.write(text, &mut sealed, &mut pseudonym).map_err(failure)?;
                    pseudonyms.append_value(&pseudonym);
                }
                None => pseudonyms.append_null(),
            }
        }
        Ok(pseudonyms.finish())
    }

    /// Lists of texts share few texts: each is encrypted once.
    fn of_lists(&self, lists: &ListArray) -> Result<ListArray, ArrowError> {
        let items: &StringArray = lists.values().as_string();
        let mut known: HashMap<&str, String> = HashMap::new();
        let mut pseudonyms = StringBuilder::new();
        for item in items {
            let Some(item) = item else {
                pseudonyms.append_null();
                continue;
            };
            if !known.contains_key(item) {
                known.insert(item, self.of(item).map_err(failure)?);
            }
            pseudonyms.append_value(&known[item]);
        }
        let DataType::List(field) = lists.data_type() else {
            return Err(ArrowError::SchemaError("a list is no list".to_owned()));
        };
        let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
        ListArray::try_new(Arc::clone(field), offsets, Arc::new(pseudonyms.finish()), nulls)
    }
}

/// The failure of the cipher as one of a column.
fn failure(unsealed: super::Unsealed) -> ArrowError {
    ArrowError::ComputeError(unsealed.to_string())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, ListBuilder};
    use domain::PseudonymKey;

    use super::*;

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::under(&PseudonymKey::new([1; PseudonymKey::LENGTH_BYTES]))
    }

    fn of(column: ArrayRef) -> ArrayRef {
        pseudonyms().of_column(&column).unwrap()
    }

    /// Whether a batch repeats its texts or not, each row has the pseudonym of its own text.
    #[test]
    fn every_row_has_the_pseudonym_of_its_text() {
        let few = [Some("i-1"), None, Some("i-2"), Some("an identifier of some length")];
        let repeated: StringViewArray = few.iter().cycle().take(1_000).copied().collect();
        let own: StringViewArray = (0..100).map(|row| Some(format!("i-{row}"))).collect();

        for texts in [repeated.slice(3, 900), own] {
            let hidden = of(Arc::new(texts.clone()));

            assert_eq!(hidden.data_type(), &DataType::Utf8View);
            for (text, hidden) in texts.iter().zip(hidden.as_string_view()) {
                assert_eq!(hidden, text.map(|text| pseudonyms().of(text).unwrap()).as_deref());
            }
        }
    }

    #[test]
    fn a_list_has_the_pseudonyms_of_its_items() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.append_value([Some("i-1"), None, Some("i-2")]);
        lists.append_null();
        lists.append_value([Some("i-1")]);
        lists.append_value(Vec::<Option<&str>>::new());
        let lists: ArrayRef = Arc::new(lists.finish());

        let hidden = of(lists.slice(0, 4));

        assert_eq!(hidden.data_type(), lists.data_type());
        let [first, second] = ["i-1", "i-2"].map(|text| pseudonyms().of(text).unwrap());
        let mut expected = ListBuilder::new(StringBuilder::new());
        expected.append_value([Some(&first), None, Some(&second)]);
        expected.append_null();
        expected.append_value([Some(&first)]);
        expected.append_value(Vec::<Option<&str>>::new());
        assert_eq!(hidden.as_list::<i32>(), &expected.finish());
    }

    #[test]
    fn a_column_that_cannot_be_hidden_is_not_shown() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));

        assert!(pseudonyms().of_column(&numbers).is_err());
    }
}
