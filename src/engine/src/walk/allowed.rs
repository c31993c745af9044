//! Operators, literals and types of casts that are offered.

use domain::verdict::Refusal;
use sqlparser::ast::{
    BinaryOperator, DataType, ExactNumberInfo, Expr, Spanned, TimezoneInfo, UnaryOperator, Value,
    ValueWithSpan,
};
use sqlparser::tokenizer::Span;

use super::{Walker, not_offered};
use crate::refusal;

impl Walker {
    /// Walks a literal or a parameter.
    pub(super) fn value(&mut self, value: &ValueWithSpan) -> Result<(), Refusal> {
        let ValueWithSpan { value, span } = value;
        if let Value::Placeholder(name) = value {
            return self.parameter(name, *span);
        }
        let is_offered = matches!(
            value,
            Value::Number(..)
                | Value::SingleQuotedString(_)
                | Value::DollarQuotedString(_)
                | Value::EscapedStringLiteral(_)
                | Value::HexStringLiteral(_)
                | Value::Boolean(_)
                | Value::Null
        );
        if is_offered {
            return Ok(());
        }
        Err(not_offered(&format!("The literal {value}"), "Write text in single quotes.", *span))
    }

    fn parameter(&mut self, name: &str, span: Span) -> Result<(), Refusal> {
        let number = name.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok());
        match number {
            Some(number) if 0 < number => {
                let place = refusal::at(span);
                self.survey.parameters.entry(number).or_insert(place);
                Ok(())
            }
            _ => {
                let instead = "Parameters are written `$1`, `$2` and so on.";
                Err(not_offered(&format!("The parameter {name}"), instead, span))
            }
        }
    }
}

/// Checks an operator between two values.
///
/// # Errors
/// An operator that is not offered.
pub(super) fn binary(operator: &BinaryOperator, expr: &Expr) -> Result<(), Refusal> {
    let is_offered = matches!(
        operator,
        BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
            | BinaryOperator::StringConcat
            | BinaryOperator::Gt
            | BinaryOperator::Lt
            | BinaryOperator::GtEq
            | BinaryOperator::LtEq
            | BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::And
            | BinaryOperator::Or
            | BinaryOperator::BitwiseOr
            | BinaryOperator::BitwiseAnd
            | BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch
            | BinaryOperator::PGRegexNotIMatch
            | BinaryOperator::PGLikeMatch
            | BinaryOperator::PGILikeMatch
            | BinaryOperator::PGNotLikeMatch
            | BinaryOperator::PGNotILikeMatch
            | BinaryOperator::AtArrow
            | BinaryOperator::ArrowAt
    );
    if is_offered {
        return Ok(());
    }
    let named = format!("The operator `{operator}`");
    Err(not_offered(&named, "Write a function or a comparison in its place.", expr.span()))
}

/// Checks an operator before a value.
///
/// # Errors
/// An operator that is not offered.
pub(super) fn unary(operator: UnaryOperator, span: Span) -> Result<(), Refusal> {
    if matches!(operator, UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not) {
        return Ok(());
    }
    let named = format!("The operator `{operator}`");
    Err(not_offered(&named, "Write a function in its place.", span))
}

/// Checks the type of a cast or a typed literal.
///
/// # Errors
/// A type that is not offered, or one with a length that the engine would ignore.
pub(super) fn cast_type(data_type: &DataType, span: Span) -> Result<(), Refusal> {
    let has_length = matches!(data_type, DataType::Varchar(Some(_)) | DataType::Char(Some(_)));
    if has_length || matches!(data_type, DataType::String(Some(_))) {
        let instead = "The length would be ignored. Write VARCHAR, and left(…) to shorten.";
        return Err(not_offered(&data_type.to_string(), instead, span));
    }
    let is_offered = matches!(
        data_type,
        DataType::Varchar(None)
            | DataType::Char(None)
            | DataType::Text
            | DataType::String(None)
            | DataType::TinyInt(None)
            | DataType::SmallInt(None)
            | DataType::Int2(None)
            | DataType::Int(None)
            | DataType::Int4(None)
            | DataType::Integer(None)
            | DataType::BigInt(None)
            | DataType::Int8(None)
            | DataType::Float(ExactNumberInfo::None)
            | DataType::Float4
            | DataType::Real
            | DataType::Float8
            | DataType::Double(ExactNumberInfo::None)
            | DataType::DoublePrecision
            | DataType::Numeric(_)
            | DataType::Decimal(_)
            | DataType::Bool
            | DataType::Boolean
            | DataType::Date
            | DataType::Timestamp(None | Some(0 | 3 | 6 | 9), _)
            | DataType::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone)
            | DataType::Interval { fields: None, precision: None }
            | DataType::Bytea
    );
    if is_offered {
        return Ok(());
    }
    let instead = "Types are VARCHAR, BIGINT, DOUBLE, DECIMAL(p, s), BOOLEAN, DATE and TIMESTAMP.";
    Err(not_offered(&format!("The type {data_type}"), instead, span))
}

/// The refusal of an expression that is not offered, by the name of its kind.
pub(super) fn refused_expression(expr: &Expr) -> Refusal {
    let kinds = [
        (matches!(expr, Expr::SimilarTo { .. }), "SIMILAR TO", "Write LIKE, or regexp_like."),
        (matches!(expr, Expr::RLike { .. }), "RLIKE", "Write regexp_like."),
        (matches!(expr, Expr::Convert { .. }), "CONVERT", "Write CAST."),
        (matches!(expr, Expr::Overlay { .. }), "OVERLAY", "Join the parts with `||`."),
        (matches!(expr, Expr::Collate { .. }), "COLLATE", "Text is compared by its bytes."),
        (matches!(expr, Expr::Tuple(_)), "A row of values", "Compare them one by one with AND."),
        (matches!(expr, Expr::Struct { .. }), "STRUCT", "Name the values as columns."),
        (
            matches!(expr, Expr::Dictionary(_) | Expr::Map(_)),
            "A map",
            "Name the values as columns.",
        ),
        (matches!(expr, Expr::InUnnest { .. }), "IN UNNEST", "Write array_has."),
        (matches!(expr, Expr::MemberOf(_)), "MEMBER OF", "Write array_has."),
        (matches!(expr, Expr::Lambda(_)), "A lambda", "Write unnest(…) and an aggregate."),
    ];
    let (name, instead) = kinds
        .into_iter()
        .find_map(|(is_it, name, instead)| is_it.then_some((name, instead)))
        .unwrap_or(("This expression", "Write it with functions and operators."));
    not_offered(name, instead, expr.span())
}
