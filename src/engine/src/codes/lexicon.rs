//! The texts of one grouping and their numbers, shared by all threads that work on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array as _, StringViewArray, StringViewBuilder};
use datafusion::arrow::buffer::Buffer;

/// How many views a reader remembers: many times the values of a column of codes, so that two
/// seldom meet in one place.
const REMEMBERED: usize = 1024;

/// The number of a text; 0 is no text.
pub(super) type Code = u32;

/// Numbers for texts, in the order in which they first came.
#[derive(Debug, Default)]
pub(super) struct Lexicon(Mutex<Texts>);

#[derive(Debug, Default)]
struct Texts {
    codes: HashMap<Arc<str>, Code>,
    all: Vec<Arc<str>>,
}

impl Lexicon {
    /// The number of a text.
    fn code(&self, text: &str) -> Code {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = texts.codes.get(text) {
            return *code;
        }
        let text: Arc<str> = text.into();
        texts.all.push(Arc::clone(&text));
        // A row has one text for a column, and rows are counted in fewer bits than memory has.
        let code = Code::try_from(texts.all.len()).unwrap_or(Code::MAX);
        texts.codes.insert(text, code);
        code
    }

    /// All texts until now, each in the place of its number; in place 0 is none.
    pub(super) fn texts(&self) -> StringViewArray {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = StringViewBuilder::new();
        all.append_null();
        texts.all.iter().for_each(|text| all.append_value(text));
        all.finish()
    }
}

/// Reads the numbers of a column of texts, on one thread.
///
/// # Shape
/// A text is told by its view, that is by where it is: texts of a file's dictionary are there
/// once. Only a view that was not seen before is looked up as text.
#[derive(Debug)]
pub(super) struct Reader {
    lexicon: Arc<Lexicon>,
    known: HashMap<Box<str>, Code>,
    remembered: Box<[(u128, Code)]>,
    /// What the remembered views point into; kept, so that nothing else can come to lie there.
    buffers: Vec<Buffer>,
}

impl Reader {
    /// A reader that knows nothing yet.
    pub(super) fn new(lexicon: &Arc<Lexicon>) -> Self {
        Self {
            lexicon: Arc::clone(lexicon),
            known: HashMap::new(),
            remembered: vec![(0, 0); REMEMBERED].into_boxed_slice(),
            buffers: Vec::new(),
        }
    }

    /// The numbers of the texts of an array, 0 where there is none.
    pub(super) fn read(&mut self, array: &StringViewArray) -> Vec<Code> {
        self.forget_unless_within(array.data_buffers());
        let mut last = (0, 0);
        let views = array.views().iter().enumerate();
        views
            .map(|(row, &view)| {
                if array.is_null(row) {
                    return 0;
                }
                if last.0 != view || last.1 == 0 {
                    last = (view, self.look_up(view, || array.value(row)));
                }
                last.1
            })
            .collect()
    }

    fn look_up<'a>(&mut self, view: u128, text: impl FnOnce() -> &'a str) -> Code {
        let place = place_of(view);
        let (remembered, code) = self.remembered[place];
        if remembered == view && code != 0 {
            return code;
        }
        let text = text();
        let code = if let Some(code) = self.known.get(text) {
            *code
        } else {
            let code = self.lexicon.code(text);
            self.known.insert(text.into(), code);
            code
        };
        self.remembered[place] = (view, code);
        code
    }

    /// Forgets the views unless they point into the same memory as before.
    fn forget_unless_within(&mut self, buffers: &[Buffer]) {
        let are_same = self.buffers.len() == buffers.len()
            && self.buffers.iter().zip(buffers).all(|(a, b)| a.ptr_eq(b) && a.len() == b.len());
        if !are_same {
            self.remembered.fill((0, 0));
            self.buffers = buffers.to_vec();
        }
    }
}

/// Where a view is remembered.
#[expect(clippy::cast_possible_truncation, reason = "bits are mixed")]
fn place_of(view: u128) -> usize {
    let mixed = ((view >> 64) as u64 ^ view as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 54) as usize % REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "a text that is longer than a view can hold";

    #[test]
    fn a_text_has_one_number_whoever_reads_it_wherever_it_is() {
        let lexicon = Arc::new(Lexicon::default());
        let (mut one, mut other) = (Reader::new(&lexicon), Reader::new(&lexicon));
        let first = StringViewArray::from(vec![Some("b"), None, Some(LONG), Some(""), Some("b")]);
        let second = StringViewArray::from(vec![Some(LONG), Some(""), Some("c"), Some("b")]);

        assert_eq!(one.read(&first), [1, 0, 2, 3, 1]);
        assert_eq!(other.read(&second), [2, 3, 4, 1]);
        assert_eq!(one.read(&second), [2, 3, 4, 1]);
        let texts = lexicon.texts();
        assert!(texts.is_null(0));
        assert_eq!(texts.iter().skip(1).flatten().collect::<Vec<_>>(), ["b", LONG, "", "c"]);
    }

    #[test]
    fn texts_that_come_to_lie_in_one_place_are_told_apart() {
        let lexicon = Arc::new(Lexicon::default());
        let mut reader = Reader::new(&lexicon);

        let codes: Vec<Code> = (0..100)
            .flat_map(|number| {
                let text = format!("a text that is longer than a view, number {number:04}");
                reader.read(&StringViewArray::from(vec![text.as_str()]))
            })
            .collect();

        assert_eq!(codes, (1..=100).collect::<Vec<_>>());
    }

    #[test]
    fn more_texts_than_are_remembered_have_their_own_numbers() {
        let lexicon = Arc::new(Lexicon::default());
        let mut reader = Reader::new(&lexicon);
        let texts: Vec<String> = (0..5_000).map(|number| format!("t{number}")).collect();
        let twice = StringViewArray::from_iter_values(texts.iter().chain(&texts));

        let codes = reader.read(&twice);

        let once: Vec<Code> = (1..=5_000).collect();
        assert_eq!(codes, [once.clone(), once].concat());
    }
}
