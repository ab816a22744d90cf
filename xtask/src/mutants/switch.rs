//! Many mutants in one build: each stands behind a switch that the environment turns on.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use proc_macro2::{LineColumn, Span};
use serde::Deserialize;
use syn::visit::{self, Visit};
use syn::{
    Arm, Attribute, BinOp, Block, Expr, ExprBinary, ExprUnary, ImplItemConst, ImplItemFn, ItemConst, ItemFn, ItemMod,
    ItemStatic, Pat, Signature, TraitItemFn, Type, UnOp, spanned::Spanned,
};

/// The environment variable with the number of the mutant that is on.
pub(super) const VARIABLE: &str = "MUTANT";

/// What a switched crate needs at its end, whether it has `std` or not.
pub(super) const MODULE: &str = r#"
#[doc(hidden)]
#[allow(missing_docs)]
pub mod mutant {
    extern crate std;
    static ON: std::sync::LazyLock<usize> =
        std::sync::LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
    pub fn on(n: usize) -> bool { n != 0 && *ON == n }
    pub fn compare<A: PartialOrd<B> + ?Sized, B: ?Sized>(sound: &str, broken: &[(usize, &str)], a: &A, b: &B) -> bool {
        match broken.iter().find(|(n, _)| on(*n)).map_or(sound, |(_, operator)| operator) {
            "<" => a < b,
            ">" => a > b,
            "<=" => a <= b,
            ">=" => a >= b,
            "==" => a == b,
            other => panic!("{other} compares nothing"),
        }
    }
}
"#;

/// One mutant as `cargo mutants --list --json` gives it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Generated {
    /// Its number, from 1.
    #[serde(skip)]
    pub(super) n: usize,
    pub(super) name: String,
    pub(super) file: String,
    genre: String,
    replacement: String,
    span: Place,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Place {
    start: Start,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Start {
    line: usize,
    column: usize,
}

/// A file in which mutants stand behind switches.
pub(super) struct Switched {
    pub(super) text: String,
    /// The numbers of those that could be switched. A `const fn`, a `let` in a condition and a member left out cannot.
    pub(super) numbers: BTreeSet<usize>,
}

/// Puts these mutants of one file behind switches.
pub(super) fn switch(text: &str, mutants: &[&Generated]) -> Result<Switched> {
    let file = syn::parse_file(text).context("it is no Rust")?;
    let mut at: BTreeMap<Start, Vec<&Generated>> = BTreeMap::new();
    for mutant in mutants {
        at.entry(mutant.span.start).or_default().push(mutant);
    }
    let lines = core::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect();
    let mut edits = Edits { text, lines, at, numbers: BTreeSet::new(), places: BTreeMap::new(), constant: 0 };
    edits.visit_file(&file);
    Ok(Switched { text: edits.applied(), numbers: edits.numbers })
}

/// The numbers of the switches in these lines.
pub(super) fn numbers_in(lines: &str) -> impl Iterator<Item = usize> {
    lines.split("/*@").skip(1).filter_map(|rest| rest.split("@*/").next()?.parse().ok())
}

/// What is written at one place of the file.
#[derive(Default)]
struct Edit {
    /// The ends of what was wrapped, the innermost first.
    after: Vec<String>,
    /// The beginnings, the outermost first.
    before: Vec<String>,
    /// Stands in place of what reaches to this byte.
    instead: Option<(usize, String)>,
}

struct Edits<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    at: BTreeMap<Start, Vec<&'t Generated>>,
    numbers: BTreeSet<usize>,
    places: BTreeMap<usize, Edit>,
    /// How deep in what is evaluated by the compiler, where no switch can be read.
    constant: usize,
}

impl<'t> Edits<'t> {
    fn applied(&self) -> String {
        let mut out = String::with_capacity(self.text.len() * 2);
        let mut from = 0;
        for (&place, edit) in &self.places {
            out.push_str(self.text.get(from..place).unwrap_or_default());
            edit.after.iter().chain(&edit.before).for_each(|text| out.push_str(text));
            from = from.max(place);
            if let Some((to, text)) = &edit.instead {
                out.push_str(text);
                from = *to;
            }
        }
        out.push_str(self.text.get(from..).unwrap_or_default());
        out
    }

    fn byte(&self, place: LineColumn) -> usize {
        let begin = self.lines.get(place.line - 1).copied().unwrap_or_default();
        let line = self.text.get(begin..).unwrap_or_default();
        begin + line.char_indices().nth(place.column).map_or(line.len(), |(byte, _)| byte)
    }

    fn before(&mut self, span: Span, text: String) {
        let place = self.byte(span.start());
        self.places.entry(place).or_default().before.push(text);
    }

    fn after(&mut self, span: Span, text: String) {
        let place = self.byte(span.end());
        self.places.entry(place).or_default().after.insert(0, text);
    }

    fn instead(&mut self, from: Span, to: Span, text: String) {
        let (from, to) = (self.byte(from.start()), self.byte(to.end()));
        self.places.entry(from).or_default().instead = Some((to, text));
    }

    fn wrap(&mut self, span: Span, before: String, after: &str) {
        self.before(span, before);
        self.after(span, after.to_owned());
    }

    /// The mutants of this kind that begin here.
    fn of(&self, genre: &str, span: Span) -> Vec<&'t Generated> {
        let LineColumn { line, column } = span.start();
        let here = self.at.get(&Start { line, column: column + 1 });
        let here = here.into_iter().flatten().copied();
        here.filter(|mutant| mutant.genre == genre && self.constant == 0).collect()
    }

    fn switched(&mut self, mutants: &[&Generated]) {
        self.numbers.extend(mutants.iter().map(|mutant| mutant.n));
    }

    fn function(&mut self, signature: &Signature, block: &'t Block) {
        let constant = usize::from(signature.constness.is_some());
        self.constant += constant;
        if let Some(first) = block.stmts.first() {
            let mutants = self.of("FnValue", first.span());
            for mutant in &mutants {
                let value = if mutant.replacement.is_empty() { "()" } else { &mutant.replacement };
                let early = format!("if {} {{ return {value}; }} {}\n", on(mutant), mark(mutant));
                self.after(block.brace_token.span.open(), early);
            }
            self.switched(&mutants);
        }
        visit::visit_block(self, block);
        self.constant -= constant;
    }

    fn constant(&mut self, visit: impl FnOnce(&mut Self)) {
        self.constant += 1;
        visit(self);
        self.constant -= 1;
    }
}

impl<'t> Visit<'t> for Edits<'t> {
    fn visit_item_fn(&mut self, function: &'t ItemFn) {
        self.function(&function.sig, &function.block);
    }

    fn visit_impl_item_fn(&mut self, function: &'t ImplItemFn) {
        self.function(&function.sig, &function.block);
    }

    fn visit_trait_item_fn(&mut self, function: &'t TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
    }

    fn visit_item_const(&mut self, item: &'t ItemConst) {
        self.constant(|edits| visit::visit_item_const(edits, item));
    }

    fn visit_item_static(&mut self, item: &'t ItemStatic) {
        self.constant(|edits| visit::visit_item_static(edits, item));
    }

    fn visit_impl_item_const(&mut self, item: &'t ImplItemConst) {
        self.constant(|edits| visit::visit_impl_item_const(edits, item));
    }

    // What an arm compares with is no expression; its guard is visited with the arm.
    fn visit_pat(&mut self, _: &'t Pat) {}

    fn visit_type(&mut self, _: &'t Type) {}

    fn visit_item_mod(&mut self, module: &'t ItemMod) {
        if !module.attrs.iter().any(is_for_tests) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_expr_binary(&mut self, binary: &'t ExprBinary) {
        let ExprBinary { left, op, right, .. } = binary;
        let mutants = self.of("BinaryOperator", op.span());
        let Some(&first) = mutants.first() else { return visit::visit_expr_binary(self, binary) };
        let marks: String = mutants.iter().copied().map(mark).collect();
        let sound = self.text.get(self.byte(op.span().start())..self.byte(op.span().end())).unwrap_or_default();
        match op {
            BinOp::Eq(_) | BinOp::Ne(_) => self.wrap(binary.span(), format!("{marks}({} ^ (", on(first)), "))"),
            BinOp::And(_) | BinOp::Or(_) => {
                if has_let(left) || has_let(right) {
                    return visit::visit_expr_binary(self, binary);
                }
                let goes_on = if matches!(op, BinOp::And(_)) { "!=" } else { "==" };
                self.wrap(binary.span(), format!("{marks}({{ let l: bool = "), " } else { l } })");
                self.instead(op.span(), op.span(), format!("; if l {goes_on} {} {{ ", on(first)));
            }
            BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => {
                let broken: String = mutants.iter().map(|m| format!("({}, {:?}), ", m.n, m.replacement)).collect();
                let begin = format!("{marks}(crate::mutant::compare({sound:?}, &[{broken}], &(");
                self.wrap(binary.span(), begin, ")))");
                self.instead(op.span(), op.span(), "), &(".to_owned());
            }
            _ if sound.ends_with('=') => {
                let place = self.text.get(self.byte(left.span().start())..self.byte(left.span().end()));
                let place = place.unwrap_or_default();
                self.instead(left.span(), op.span(), format!("{marks}match ("));
                self.after(binary.span(), format!(") {{ r => {} }}", choice(&mutants, sound, place, "r")));
                self.switched(&mutants);
                // Nothing of what was replaced can be edited.
                return self.visit_expr(right);
            }
            _ => {
                self.before(binary.span(), format!("{marks}(match (("));
                self.instead(op.span(), op.span(), "), (".to_owned());
                self.after(binary.span(), format!(")) {{ (l, r) => {} }})", choice(&mutants, sound, "l", "r")));
            }
        }
        self.switched(&mutants);
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'t ExprUnary) {
        let mutants = self.of("UnaryOperator", unary.op.span());
        if let (UnOp::Not(_), [mutant]) = (&unary.op, mutants.as_slice()) {
            self.wrap(unary.span(), format!("{}({} ^ (", mark(mutant), on(mutant)), "))");
            self.switched(&mutants);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'t Arm) {
        let guard = if let Pat::Guard(guarded) = &arm.pat { Some(&guarded.guard) } else { None };
        let deleted = self.of("MatchArm", arm.span());
        if let [mutant] = deleted.as_slice() {
            match guard {
                None => self.after(arm.pat.span(), format!(" if !{} {}", on(mutant), mark(mutant))),
                Some(guard) => self.wrap(guard.span(), format!("{}!{} && (", mark(mutant), on(mutant)), ")"),
            }
            self.switched(&deleted);
        }
        if let Some(guard) = guard {
            let mutants = self.of("MatchArmGuard", guard.span());
            for mutant in &mutants {
                let begin = if mutant.replacement == "true" {
                    format!("{} || (", on(mutant))
                } else {
                    format!("!{} && (", on(mutant))
                };
                self.wrap(guard.span(), format!("{}{begin}", mark(mutant)), ")");
            }
            self.switched(&mutants);
            self.visit_expr(guard);
        }
        self.visit_expr(&arm.body);
    }
}

/// Whether it is on, as source.
fn on(mutant: &Generated) -> String {
    format!("crate::mutant::on({})", mutant.n)
}

/// By it an error of the compiler is traced to its mutant.
fn mark(mutant: &Generated) -> String {
    format!("/*@{}@*/", mutant.n)
}

/// One of the operations, as source.
fn choice(mutants: &[&Generated], sound: &str, left: &str, right: &str) -> String {
    let broken = mutants.iter().map(|m| format!("if {} {{ {left} {} {right} }} else ", on(m), m.replacement));
    broken.chain([format!("{{ {left} {sound} {right} }}")]).collect()
}

fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generated(n: usize, genre: &str, replacement: &str, line: usize, column: usize) -> Generated {
        let span = Place { start: Start { line, column } };
        let (name, file) = (String::new(), String::new());
        Generated { n, name, file, genre: genre.to_owned(), replacement: replacement.to_owned(), span }
    }

    fn switched(text: &str, mutants: &[Generated]) -> String {
        switch(text, &mutants.iter().collect::<Vec<_>>()).unwrap().text
    }

    #[test]
    fn nothing_else_changes() {
        let text = "fn f(a: bool, b: bool) -> bool { a && b }\n";
        assert_eq!(switched(text, &[]), text);
    }

    #[test]
    fn a_condition_inside_another_has_its_own_switch() {
        let text = "fn f(a: u8, b: bool) -> bool {\n    a == 1 && b\n}\n";
        let mutants = [generated(7, "BinaryOperator", "||", 2, 12), generated(8, "BinaryOperator", "!=", 2, 7)];
        let expected = "/*@7@*/({ let l: bool = /*@8@*/(crate::mutant::on(8) ^ (a == 1)) \
                        ; if l != crate::mutant::on(7) {  b } else { l } })";
        assert!(switched(text, &mutants).contains(expected), "{}", switched(text, &mutants));
        assert_eq!(numbers_in(expected).collect::<Vec<_>>(), [7, 8]);
    }

    #[test]
    fn a_constant_has_no_switch() {
        let text = "const fn f() -> u8 {\n    1 + 2\n}\n";
        let mutants = [generated(1, "BinaryOperator", "-", 2, 7), generated(2, "FnValue", "0", 2, 5)];
        let result = switch(text, &mutants.iter().collect::<Vec<_>>()).unwrap();
        assert!(result.text == text && result.numbers.is_empty());
    }

    #[test]
    fn a_value_returns_early_and_an_arm_gets_a_guard() {
        let text = "fn f(a: u8) -> u8 {\n    match a {\n        1 => 2,\n        _ => 3,\n    }\n}\n";
        let mutants = [generated(1, "FnValue", "0", 2, 5), generated(2, "MatchArm", "", 3, 9)];
        let text = switched(text, &mutants);
        assert!(text.contains("{if crate::mutant::on(1) { return 0; } /*@1@*/\n"), "{text}");
        assert!(text.contains("1 if !crate::mutant::on(2) /*@2@*/ => 2,"), "{text}");
    }
}
