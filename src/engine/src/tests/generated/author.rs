//! A seeded author of statements: a grammar of what is offered, with some that is not.
//!
//! Calls are made up from the forms of the offer, so a new function is tried at once.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::offer::{self, Function, Kind};

/// What an expression is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Text,
    Number,
    Day,
    Condition,
    List,
}

const SORTS: [Sort; 5] = [Sort::Text, Sort::Number, Sort::Day, Sort::Condition, Sort::List];

/// A table in sight.
#[derive(Clone, Debug)]
struct Table {
    alias: String,
    columns: Vec<(String, Sort)>,
}

/// Makes statements up.
pub(super) struct Author {
    rng: ChaCha8Rng,
    /// How many more expressions and relations it may begin.
    left: u32,
    /// Aliases given so far.
    aliases: u32,
    /// Parts named by WITH.
    parts: Vec<Table>,
    /// Tables in sight, those of the queries around included.
    sight: Vec<Table>,
}

impl Author {
    /// The author of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let (parts, sight) = (Vec::new(), Vec::new());
        Self { rng: ChaCha8Rng::seed_from_u64(seed), left: 40, aliases: 0, parts, sight }
    }

    /// A statement; one in twenty has a word too few, too many, or out of place.
    pub(super) fn statement(mut self) -> String {
        let mut with = Vec::new();
        for number in 0..self.below(3) {
            let (query, sorts) = self.query(2);
            let columns: Vec<_> = (0..sorts.len()).map(|place| format!("c{place}")).collect();
            with.push(format!("p{number}({}) AS ({query})", columns.join(", ")));
            let columns = columns.into_iter().zip(sorts).collect();
            self.parts.push(Table { alias: format!("p{number}"), columns });
        }
        let (query, _) = self.query(3);
        let with =
            if with.is_empty() { String::new() } else { format!("WITH {} ", with.join(", ")) };
        let statement = with + &query;
        if self.one_in(20) { self.spoiled(&statement) } else { statement }
    }

    fn spoiled(&mut self, statement: &str) -> String {
        let mut words: Vec<&str> = statement.split(' ').collect();
        let (one, other) = (self.below(words.len()), self.below(words.len()));
        match self.below(3) {
            0 => drop(words.remove(one)),
            1 => words.insert(one, words[other]),
            _ => words.swap(one, other),
        }
        words.join(" ")
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.rng.next_u32()).unwrap() % end.max(1)
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A query, and the sorts of its columns.
    fn query(&mut self, depth: u32) -> (String, Vec<Sort>) {
        let sorts: Vec<_> = (0..=self.below(3)).map(|_| self.one_of(&SORTS)).collect();
        let mut query = self.select(depth, &sorts);
        if self.one_in(8) {
            let operator =
                self.one_of(&["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL"]);
            let other = self.select(depth.saturating_sub(1), &sorts);
            query = format!("({query}) {operator} ({other})");
        }
        if self.one_in(3) {
            let key = 1 + self.below(sorts.len());
            query += &format!(" ORDER BY {key}{}", self.one_of(&["", " DESC", " NULLS FIRST"]));
        }
        if self.one_in(3) {
            let limit = self.one_of(&["1", "0", "10", "9223372036854775807", "2 OFFSET 1", "NULL"]);
            query += &format!(" LIMIT {limit}");
        }
        (query, sorts)
    }

    /// A SELECT of columns of these sorts.
    fn select(&mut self, depth: u32, sorts: &[Sort]) -> String {
        let around = self.sight.len();
        let from = self.from(depth);
        let is_grouped = self.one_in(3);
        let keys: Vec<String> = if is_grouped {
            vec![self.column(Sort::Text), self.column(Sort::Number)]
        } else {
            Vec::new()
        };
        let items: Vec<_> = sorts
            .iter()
            .zip(0..)
            .map(|(sort, place): (_, u32)| {
                let item = if is_grouped { self.aggregate(*sort) } else { self.item(*sort, depth) };
                format!("{item} AS c{place}")
            })
            .collect();
        let filter = if self.one_in(2) {
            format!(" WHERE {}", self.expr(Sort::Condition, depth))
        } else {
            String::new()
        };
        let group = match (is_grouped, self.below(6)) {
            (false, _) => String::new(),
            (true, 0) => format!(" GROUP BY ROLLUP ({})", keys.join(", ")),
            (true, 1) => format!(" GROUP BY {} HAVING count(*) > 1", keys.join(", ")),
            (true, _) => format!(" GROUP BY {}", keys.join(", ")),
        };
        let distinct = if self.one_in(10) { "DISTINCT " } else { "" };
        self.sight.truncate(around);
        format!("SELECT {distinct}{}{from}{filter}{group}", items.join(", "))
    }

    /// FROM; its tables are in sight from then on.
    fn from(&mut self, depth: u32) -> String {
        let mut text = format!(" FROM {}", self.relation(depth));
        for _ in 0..self.below(3) {
            let join = self.one_of(&[
                "JOIN",
                "LEFT JOIN",
                "FULL JOIN",
                "LEFT SEMI JOIN",
                "LEFT ANTI JOIN",
            ]);
            let relation = self.relation(depth);
            if self.one_in(4) {
                text += &format!(" CROSS JOIN {relation}");
                continue;
            }
            let condition = if self.one_in(2) {
                let sort = self.one_of(&[Sort::Text, Sort::Number, Sort::Day]);
                format!("{} = {}", self.column(sort), self.column(sort))
            } else {
                self.expr(Sort::Condition, 1)
            };
            text += &format!(" {join} {relation} ON {condition}");
            if join.contains("SEMI") || join.contains("ANTI") {
                self.sight.pop();
            }
        }
        text
    }

    fn relation(&mut self, depth: u32) -> String {
        self.aliases += 1;
        let alias = format!("a{}", self.aliases);
        if self.one_in(40) {
            let hidden = ["trader_names", "disputes", "information_schema.tables", "'/etc/passwd'"];
            return format!("{} AS {alias}", self.one_of(&hidden));
        }
        let own = |columns: &[(&str, Sort)]| {
            columns.iter().map(|(name, sort)| ((*name).to_owned(), *sort)).collect::<Vec<_>>()
        };
        let (text, columns) = match self.below(6) {
            0 if !self.parts.is_empty() => {
                let place = self.below(self.parts.len());
                let part = self.parts[place].clone();
                (part.alias, part.columns)
            }
            1 if 0 < depth && 0 < self.left => {
                self.left = self.left.saturating_sub(4);
                let around = std::mem::take(&mut self.sight);
                let (query, sorts) = self.query(depth - 1);
                self.sight = around;
                let columns = (0..).zip(sorts).map(|(n, sort): (u32, _)| (format!("c{n}"), sort));
                (format!("({query})"), columns.collect())
            }
            2 => {
                let rows = "(VALUES ('a', 1, DATE '2026-01-01'), (NULL, -1, NULL))";
                self.see(&alias, own(&[("k", Sort::Text), ("n", Sort::Number), ("d", Sort::Day)]));
                return format!("{rows} AS {alias}(k, n, d)");
            }
            3 => ("ad_reach".to_owned(), own(&REACH)),
            _ => ("ads".to_owned(), own(&ADS)),
        };
        self.see(&alias, columns);
        format!("{text} AS {alias}")
    }

    fn see(&mut self, alias: &str, columns: Vec<(String, Sort)>) {
        self.sight.push(Table { alias: alias.to_owned(), columns });
    }

    /// A column in sight of a sort, or a literal; now and then one that is not there.
    fn column(&mut self, sort: Sort) -> String {
        let of_sort = |table: &Table| {
            let columns = table.columns.iter().filter(|(_, of)| *of == sort);
            columns.map(|(name, _)| format!("{}.{name}", table.alias)).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.sight.iter().flat_map(of_sort).collect();
        if self.one_in(150) {
            return self.one_of(&["secret", "nothing", "a1.secret", "a2.nothing"]).to_owned();
        }
        if all.is_empty() { self.literal(sort) } else { all[self.below(all.len())].clone() }
    }

    fn literal(&mut self, sort: Sort) -> String {
        let literals: &[&str] = match sort {
            Sort::Text => &["'a'", "''", "'A1'", "'%'", "NULL", "'é''\\'", "'2026-01-01'", "'1'"],
            Sort::Number => &["0", "1", "-1", "2.5", "9223372036854775807", "1e308", "NULL", "3"],
            Sort::Day => &["DATE '2026-01-31'", "DATE '0001-01-01'", "DATE '9999-12-31'", "now()"],
            Sort::Condition => &["true", "false", "NULL"],
            Sort::List => &["['DE', 'FR']", "['']", "[NULL, 'a']"],
        };
        self.one_of(literals).to_owned()
    }

    /// A column of SELECT: an expression, or a window over the rows.
    fn item(&mut self, sort: Sort, depth: u32) -> String {
        if sort != Sort::Number || !self.one_in(3) {
            return self.expr(sort, depth);
        }
        let call = match self.below(3) {
            0 => self.call(Kind::Aggregate, 1),
            _ => self.call(Kind::Window, 1),
        };
        let call = call.split(" OVER").next().unwrap_or_default().to_owned();
        let frame = self.one_of(&[
            "",
            "",
            "",
            " ROWS 1 PRECEDING",
            " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
            " ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
            " GROUPS 1 PRECEDING",
            " ROWS BETWEEN 1 FOLLOWING AND 999999999 FOLLOWING",
        ]);
        let (key, by) = (self.column(Sort::Text), self.column(Sort::Number));
        format!("{call} OVER (PARTITION BY {key} ORDER BY {by}{frame})")
    }

    /// An aggregate as a value of a sort.
    fn aggregate(&mut self, sort: Sort) -> String {
        let call = self.call(Kind::Aggregate, 1);
        let call = if call.starts_with("grouping") { "count(*)".to_owned() } else { call };
        let filter = if self.one_in(6) {
            format!(" FILTER (WHERE {})", self.expr(Sort::Condition, 1))
        } else {
            String::new()
        };
        let sorted = self.column(sort);
        match sort {
            Sort::Number => format!("{call}{filter}"),
            Sort::Text => format!("CAST({call} AS VARCHAR)"),
            Sort::Day | Sort::List => format!("min({sorted}){filter}"),
            Sort::Condition => format!("count({sorted}){filter} > 1"),
        }
    }

    /// An expression of a sort; now and then of another.
    fn expr(&mut self, sort: Sort, depth: u32) -> String {
        let sort = if self.one_in(60) { self.one_of(&SORTS) } else { sort };
        if depth == 0 || self.left == 0 {
            return if self.one_in(3) { self.literal(sort) } else { self.column(sort) };
        }
        self.left -= 1;
        let less = depth - 1;
        match (sort, self.below(8)) {
            (_, 0) => self.column(sort),
            (_, 1) => {
                let (one, other) = (self.expr(sort, less), self.expr(sort, less));
                format!(
                    "CASE WHEN {} THEN {one} ELSE {other} END",
                    self.expr(Sort::Condition, less)
                )
            }
            (_, 2) => format!("coalesce({}, {})", self.expr(sort, less), self.literal(sort)),
            (Sort::Text, 3) => {
                format!("({} || {})", self.expr(Sort::Text, less), self.expr(Sort::Text, less))
            }
            (Sort::Text, _) => format!("CAST({} AS VARCHAR)", self.call(Kind::Scalar, less)),
            (Sort::Number, 3 | 4) => {
                let operator = self.one_of(&["+", "-", "*", "/", "%"]);
                let (one, other) = (self.expr(sort, less), self.expr(sort, less));
                format!("({one} {operator} {other})")
            }
            (Sort::Number, 5) => format!("({})", self.value_query(less)),
            (Sort::Number, _) => {
                format!("TRY_CAST(CAST({} AS VARCHAR) AS DOUBLE)", self.call(Kind::Scalar, less))
            }
            (Sort::Day, 3) => {
                let length = self.one_of(&["'1' DAY", "'1' MONTH", "'-3' YEAR", "'90' SECOND"]);
                format!("({} + INTERVAL {length})", self.expr(Sort::Day, less))
            }
            (Sort::Day, _) => self.column(Sort::Day),
            (Sort::List, _) => format!("array_sort({})", self.column(Sort::List)),
            (Sort::Condition, place) => self.condition(place, less),
        }
    }

    fn condition(&mut self, place: usize, less: u32) -> String {
        let sort = self.one_of(&[Sort::Text, Sort::Number, Sort::Day]);
        match place {
            3 => {
                let operator = self.one_of(&["AND", "OR"]);
                let (one, other) =
                    (self.expr(Sort::Condition, less), self.expr(Sort::Condition, less));
                format!("({one} {operator} NOT {other})")
            }
            4 => format!("{} IS NOT NULL", self.expr(sort, less)),
            5 => format!("EXISTS ({})", self.query(less).0),
            6 => {
                let pattern =
                    self.one_of(&["LIKE 'A%'", "ILIKE '_1'", "~ '^A[0-9]+$'", "IN ('A1', '')"]);
                format!("{} {pattern}", self.expr(Sort::Text, less))
            }
            _ => {
                let operator = self.one_of(&["=", "<>", "<", ">=", "IS DISTINCT FROM"]);
                format!("({} {operator} {})", self.expr(sort, less), self.expr(sort, less))
            }
        }
    }

    /// A query of one number, which may look at the query around it.
    fn value_query(&mut self, less: u32) -> String {
        self.left = self.left.saturating_sub(4);
        let around = self.sight.len();
        let from = self.from(less.min(1));
        let filter = self.expr(Sort::Condition, 1);
        self.sight.truncate(around);
        format!("SELECT count(*){from} WHERE {filter}")
    }

    /// A call made up from a form of the offer.
    fn call(&mut self, kind: Kind, depth: u32) -> String {
        let functions: Vec<&Function> = offer::functions()
            .filter(|(of, _)| *of == kind)
            .map(|(_, function)| function)
            .collect();
        let function = functions[self.below(functions.len())];
        if self.one_in(4) && !function.example.starts_with("SELECT") && kind == Kind::Scalar {
            return function.example.to_owned();
        }
        let Some((name, rest)) = function.form.split_once('(') else {
            return function.form.to_owned();
        };
        let (within, after) = rest.split_once(')').unwrap_or((rest, ""));
        let within = within.split(['[', ']']).next().unwrap_or_default();
        let within = within.split(" ORDER BY ").next().unwrap_or_default();
        let words = within.split(", ").filter(|word| !matches!(*word, "" | "…"));
        let args: Vec<_> = words.map(|word| self.argument(word, depth)).collect();
        let after = if after.contains("WITHIN GROUP") {
            format!(" WITHIN GROUP (ORDER BY {})", self.column(Sort::Number))
        } else {
            String::new()
        };
        format!("{name}({}){after}", args.join(", "))
    }

    /// An argument, by the word that the form has for it.
    fn argument(&mut self, word: &str, depth: u32) -> String {
        match word {
            "*" => "*".to_owned(),
            "share" => self.one_of(&["0.5", "1", "2"]).to_owned(),
            "'part'" | "'unit'" => self.one_of(&["'year'", "'day'", "'second'", "'x'"]).to_owned(),
            "'pattern'" => self.one_of(&["'A'", "'[0-9]+'", "'('"]).to_owned(),
            "'seed'" => "'pilot'".to_owned(),
            "'algorithm'" => "'sha256'".to_owned(),
            "'text,…'" => "'a,b'".to_owned(),
            "interval" => "INTERVAL '1' DAY".to_owned(),
            "n" | "start" | "length" | "first" | "last" | "year" | "month" | "day" => {
                self.one_of(&["1", "2", "0", "-1", "2147483648", "9223372036854775807"]).to_owned()
            }
            "condition" => self.expr(Sort::Condition, depth.min(1)),
            "moment" => self.expr(Sort::Day, depth.min(1)),
            "list" | "list of lists" => self.column(Sort::List),
            "number" | "integer" | "x" | "y" | "exponent" => self.expr(Sort::Number, depth.min(1)),
            "value" | "item" | "key" | "other" | "there" | "missing" | "column" => {
                self.column(Sort::Text)
            }
            _ => self.expr(Sort::Text, depth.min(1)),
        }
    }
}

const ADS: [(&str, Sort); 9] = [
    ("ad_id", Sort::Text),
    ("advertiser", Sort::Text),
    ("first_shown", Sort::Day),
    ("shown_at", Sort::Day),
    ("price_eur", Sort::Number),
    ("targeted", Sort::Condition),
    ("impressions", Sort::Number),
    ("score", Sort::Number),
    ("states", Sort::List),
];

const REACH: [(&str, Sort); 4] = [
    ("ad_id", Sort::Text),
    ("member_state", Sort::Text),
    ("day", Sort::Day),
    ("recipients", Sort::Number),
];
