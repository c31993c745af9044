//! Calls of functions.

use domain::verdict::Refusal;
use sqlparser::ast::{
    DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, ObjectName, ObjectNamePart, Spanned, WindowFrame,
    WindowFrameBound, WindowSpec, WindowType,
};

use super::{FunctionUse, Walker, absent, normal, not_offered};
use crate::refusal;

impl Walker {
    /// Walks a call.
    pub(super) fn function(&mut self, function: &Function) -> Result<(), Refusal> {
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            filter,
            null_treatment,
            over,
            within_group,
        } = function;
        let span = name.span();
        let called = function_name(name)?;
        absent(*uses_odbc_syntax, "{fn …}", "Call the function by its name.", span)?;
        let has_parameters = !matches!(parameters, FunctionArguments::None);
        let instead = "Put all arguments into one pair of brackets.";
        absent(has_parameters, "A second pair of brackets", instead, span)?;
        let mut clause = self.arguments(&called, args)?;
        if let Some(filter) = filter {
            clause = Some("FILTER");
            self.expr(filter)?;
        }
        if null_treatment.is_some() {
            clause = Some("IGNORE NULLS or RESPECT NULLS");
        }
        if !within_group.is_empty() {
            clause = Some("WITHIN GROUP");
            self.sort_keys(within_group)?;
        }
        if let Some(over) = over {
            self.window(over)?;
        }
        self.survey.functions.push(FunctionUse {
            name: called,
            position: refusal::at(span),
            aggregate_clause: clause,
            is_windowed: over.is_some(),
            is_bare: matches!(args, FunctionArguments::None),
        });
        Ok(())
    }

    /// Walks the arguments; gives the clause among them that only aggregates have.
    fn arguments(
        &mut self,
        called: &str,
        args: &FunctionArguments,
    ) -> Result<Option<&'static str>, Refusal> {
        let FunctionArgumentList { duplicate_treatment, args, clauses } = match args {
            FunctionArguments::None => return Ok(None),
            FunctionArguments::Subquery(query) => {
                self.query(query)?;
                let instead = "Put the query into brackets of its own.";
                return Err(not_offered("A query as the only argument", instead, query.span()));
            }
            FunctionArguments::List(list) => list,
        };
        for arg in args {
            self.argument(called, arg)?;
        }
        let mut clause = None;
        if matches!(duplicate_treatment, Some(DuplicateTreatment::Distinct)) {
            clause = Some("DISTINCT");
        }
        for argument_clause in clauses {
            clause = Some(self.argument_clause(argument_clause)?);
        }
        Ok(clause)
    }

    fn argument(&mut self, called: &str, arg: &FunctionArg) -> Result<(), Refusal> {
        let FunctionArg::Unnamed(arg) = arg else {
            return Err(not_offered("An argument with a name", "Leave the name out.", arg.span()));
        };
        let refuse_star = || {
            let instead = "Only count takes `*`.";
            Err(not_offered(&format!("`*` in {called}"), instead, arg.span()))
        };
        match arg {
            FunctionArgExpr::Expr(expr) => self.expr(expr),
            FunctionArgExpr::Wildcard if called == "count" => Ok(()),
            FunctionArgExpr::Wildcard
            | FunctionArgExpr::QualifiedWildcard(_)
            | FunctionArgExpr::WildcardWithOptions(_) => refuse_star(),
        }
    }

    fn argument_clause(
        &mut self,
        clause: &FunctionArgumentClause,
    ) -> Result<&'static str, Refusal> {
        let (name, instead) = match clause {
            FunctionArgumentClause::OrderBy(keys) => {
                self.sort_keys(keys)?;
                return Ok("ORDER BY");
            }
            FunctionArgumentClause::IgnoreOrRespectNulls(_) => {
                return Ok("IGNORE NULLS or RESPECT NULLS");
            }
            FunctionArgumentClause::Limit(_) => ("LIMIT in a function", "Use array_slice."),
            FunctionArgumentClause::OnOverflow(_) => ("ON OVERFLOW", "Leave it out."),
            FunctionArgumentClause::Having(_) => ("HAVING in a function", "Use FILTER."),
            FunctionArgumentClause::Separator(_) => {
                ("SEPARATOR", "Give the separator as the second argument.")
            }
            FunctionArgumentClause::JsonNullClause(_)
            | FunctionArgumentClause::JsonReturningClause(_) => ("A JSON clause", "Leave it out."),
        };
        Err(not_offered(name, instead, clause.span()))
    }

    fn window(&mut self, over: &WindowType) -> Result<(), Refusal> {
        let spec = match over {
            WindowType::WindowSpec(spec) => spec,
            WindowType::NamedWindow(name) => {
                let instead = "Write the window itself in OVER (…).";
                return Err(not_offered("OVER with a name", instead, name.span));
            }
        };
        let WindowSpec { window_name, partition_by, order_by, window_frame } = spec;
        if let Some(name) = window_name {
            let instead = "Write the whole window in OVER (…).";
            return Err(not_offered("A window upon a window", instead, name.span));
        }
        self.exprs(partition_by)?;
        self.sort_keys(order_by)?;
        match window_frame {
            Some(WindowFrame { units: _, start_bound, end_bound }) => {
                self.bound(start_bound)?;
                end_bound.as_ref().map_or(Ok(()), |bound| self.bound(bound))
            }
            None => Ok(()),
        }
    }

    fn bound(&mut self, bound: &WindowFrameBound) -> Result<(), Refusal> {
        match bound {
            WindowFrameBound::CurrentRow
            | WindowFrameBound::Preceding(None)
            | WindowFrameBound::Following(None) => Ok(()),
            WindowFrameBound::Preceding(Some(distance))
            | WindowFrameBound::Following(Some(distance)) => self.expr(distance),
        }
    }
}

/// The name of a function, which has one part.
fn function_name(name: &ObjectName) -> Result<String, Refusal> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => Ok(normal(ident)),
        _ => {
            let named = format!("The function {name}");
            Err(not_offered(&named, "Functions have names of one part.", name.span()))
        }
    }
}
