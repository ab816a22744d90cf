//! No wildcard arm over the phases of a sale or the calls that it makes: a new phase must not fall into an arm that pays (M15).

use std::fs;
use std::path::Path;

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{ExprMatch, Pat};

/// Where one is let through: the function, and why.
const EXCEPTIONS: [(&str, &str); 3] = [
    ("next_action", "what is shown: nothing, where nothing is to be shown"),
    ("step", "how much room an answer needs: it sends nothing"),
    ("step", "when the next call is due: it sends nothing"),
];

/// The functions that have such an arm.
#[derive(Default)]
struct Arms {
    function: String,
    matches: usize,
    wild: Vec<String>,
}

impl<'ast> Visit<'ast> for Arms {
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function = item.sig.ident.to_string();
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function = item.sig.ident.to_string();
        visit::visit_item_fn(self, item);
    }

    fn visit_expr_match(&mut self, expression: &'ast ExprMatch) {
        let names = |pattern: &Pat| {
            let text = pattern.to_token_stream().to_string();
            text.split([' ', '(', '&']).any(|word| matches!(word, "Phase" | "Call" | "CallKind"))
        };
        let is_wild = |pattern: &Pat| match pattern {
            Pat::Wild(_) => true,
            Pat::Ident(name) => name.subpat.is_none(),
            _ => false,
        };
        if expression.arms.iter().any(|arm| names(&arm.pat)) {
            self.matches += 1;
            if expression.arms.iter().any(|arm| is_wild(&arm.pat)) {
                self.wild.push(self.function.clone());
            }
        }
        visit::visit_expr_match(self, expression);
    }
}

// Mutant: `_ =>` in place of `Phase::Pay(_) =>` in `send`, moved to its end.
#[test]
fn no_match_over_phases_or_calls_has_an_arm_for_the_rest() {
    let mut arms = Arms::default();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../pay-core/src/sale")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "rs")
            && !path.file_stem().unwrap().to_str().unwrap().ends_with("tests")
        {
            arms.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    assert!(arms.matches > 8, "only {} were read", arms.matches);
    arms.wild.sort();
    assert_eq!(
        arms.wild,
        EXCEPTIONS.map(|(function, _)| function),
        "a wildcard arm over phases or calls, or an exception that is not needed any more"
    );
}
