//! What the public items of the crates to be published name of crates before 1.0, read from their sources: nothing in pay-core, and
//! elsewhere what `docs/versions.md` lists. Such a crate breaks with each minor version, and so does whoever shows its types.
//!
//! Every `pub` item counts, also one that no other crate can reach; what macros stand for is read as it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item, TraitItem, UseTree, Visibility};

/// The crates, and beside each the features that are read like everything else.
const CRATES: [&str; 5] = ["pay-core", "transport-std", "transport-embassy", "sandbox", "backend"];

/// What is named where: `heapless in pub fn name`.
type Found = BTreeSet<(String, String)>;

#[test]
fn what_is_public_names_no_crate_before_1_0_but_those_of_the_table() {
    let table = fs::read_to_string(root().join("docs/versions.md")).unwrap();
    for krate in CRATES {
        let mut surface = Surface::new(young_dependencies(krate));
        let mut files = Vec::new();
        read(&root().join(krate).join("src"), &mut files);
        surface.learn_aliases(&files);
        for file in &files {
            surface.items(&file.items);
        }
        assert!(surface.count > 20, "{krate}: only {} public items were read", surface.count);
        let found: BTreeSet<&str> = surface.found.iter().map(|(young, _)| young.as_str()).collect();
        assert_eq!(
            found,
            listed(&table, krate),
            "{krate}: shown, and listed in docs/versions.md: {:#?}",
            surface.found
        );
    }
}

// Every way in which a type can be shown, one a line.
#[test]
fn every_way_to_name_a_type_is_seen() {
    for text in [
        "pub fn f(text: heapless::String<4>) {}",
        "use heapless::String; pub fn f() -> String<4> {}",
        "use heapless::{String as Text, Vec}; pub struct S { pub text: Text<4> }",
        "pub struct S(pub heapless::Vec<u8, 4>);",
        "pub enum E { A(heapless::Vec<u8, 4>) }",
        "pub trait T { type A: heapless::Shown; }",
        "pub trait T { fn f(&self, of: &heapless::Vec<u8, 4>); }",
        "pub struct S; impl heapless::Shown for S {}",
        "pub struct S; impl From<heapless::Error> for S { fn from(_: u8) -> Self { S } }",
        "pub struct S; impl S { pub fn f<T: heapless::Shown>() {} }",
        "pub struct S; impl Iterator for S { type Item = heapless::Vec<u8, 4>; }",
        "type Hidden = heapless::Vec<u8, 4>; pub fn f() -> Hidden {}",
        "pub type Shown = heapless::Vec<u8, 4>;",
        "pub use heapless::Vec;",
        "pub use heapless;",
        "use heapless::*;",
        "pub const C: heapless::Vec<u8, 4> = X;",
        "#[cfg_attr(feature = \"x\", derive(heapless::Shown))] pub struct S;",
        "pub mod inner { use heapless::Vec; pub fn f() -> Vec<u8, 4> {} }",
        "word!(S, heapless::Vec<u8, 4>);",
    ] {
        assert_eq!(seen(text), ["heapless"], "{text}");
    }
    for text in [
        "use heapless::Vec; fn f() -> Vec<u8, 4> {}",
        "use heapless::Vec; pub(crate) fn f() -> Vec<u8, 4> {}",
        "pub struct S { text: heapless::String<4> }",
        "pub fn f() { let of = heapless::Vec::new(); }",
        "#[cfg(test)] mod tests { pub fn f() -> heapless::Vec<u8, 4> {} }",
        "macro_rules! trace { () => { heapless::debug!(\"\") } }",
        "pub fn f() -> serde::Text {}",
    ] {
        assert_eq!(seen(text), Vec::<String>::new(), "{text}");
    }
}

fn seen(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).unwrap();
    let mut surface = Surface::new(BTreeSet::from(["heapless".to_owned()]));
    surface.learn_aliases(std::slice::from_ref(&file));
    surface.items(&file.items);
    let found: BTreeSet<String> = surface.found.into_iter().map(|(young, _)| young).collect();
    found.into_iter().collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The first column of a crate's table, without versions: `| heapless 0.9 | … |` below `## crate`.
fn listed<'t>(table: &'t str, krate: &str) -> BTreeSet<&'t str> {
    let heading = format!("\n### `{krate}`");
    let after = table.split(heading.as_str()).nth(1).unwrap_or_else(|| panic!("docs/versions.md has no {krate}"));
    let section = after.split("\n#").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(name, _)| name).collect()
}

/// The dependencies of a crate that are before 1.0, as the workspace's manifest has them.
fn young_dependencies(krate: &str) -> BTreeSet<String> {
    let manifest = |path: &str| fs::read_to_string(root().join(path)).unwrap().parse::<toml::Table>().unwrap();
    let workspace = manifest("Cargo.toml")["workspace"]["dependencies"].as_table().unwrap().clone();
    let ours = manifest(&format!("{krate}/Cargo.toml"))["dependencies"].as_table().unwrap().clone();
    let is_young = |name: &&String| {
        let entry = &workspace[name.as_str()];
        let is_ours = entry.get("path").is_some();
        let version = entry.as_str().or_else(|| entry.get("version").and_then(toml::Value::as_str));
        !is_ours && version.unwrap_or_else(|| panic!("{name} has no version")).trim_start_matches('~').starts_with("0.")
    };
    ours.keys().filter(is_young).cloned().collect()
}

/// Every file below this folder, but those of tests.
fn read(folder: &Path, files: &mut Vec<syn::File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            read(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !name.ends_with("tests") {
            let text = fs::read_to_string(&path).unwrap();
            files.push(syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        }
    }
}

/// What was found so far, and what is known of names.
struct Surface {
    /// The young crates by the name that code has for them.
    young: BTreeMap<String, String>,
    /// Private names of such types, by what they stand for.
    aliases: BTreeMap<String, String>,
    /// Names that the module at hand imports.
    imports: BTreeMap<String, String>,
    found: Found,
    count: usize,
}

impl Surface {
    fn new(young: BTreeSet<String>) -> Self {
        let in_code = |name: String| {
            // Two crates have another name in code than in a registry.
            let code = match name.as_str() {
                "rustls-webpki" => "webpki".to_owned(),
                name => name.replace('-', "_"),
            };
            (code, name)
        };
        Self {
            young: young.into_iter().map(in_code).collect(),
            aliases: BTreeMap::new(),
            imports: BTreeMap::new(),
            found: Found::new(),
            count: 0,
        }
    }

    fn learn_aliases(&mut self, files: &[syn::File]) {
        for file in files {
            self.imports = self.imported(&file.items);
            for item in &file.items {
                if let Item::Type(alias) = item {
                    let names = self.names(alias.ty.to_token_stream());
                    self.aliases.extend(names.into_iter().map(|young| (alias.ident.to_string(), young)));
                }
            }
        }
    }

    fn imported(&self, items: &[Item]) -> BTreeMap<String, String> {
        let mut found = self.aliases.clone();
        for item in items {
            if let Item::Use(line) = item {
                self.leaves(&line.tree, None, &mut found);
            }
        }
        found
    }

    fn leaves(&self, tree: &UseTree, of: Option<&String>, found: &mut BTreeMap<String, String>) {
        let known = |name: &syn::Ident| of.or_else(|| self.young.get(&name.to_string())).cloned();
        match tree {
            UseTree::Path(path) => {
                if let Some(young) = known(&path.ident) {
                    self.leaves(&path.tree, Some(&young), found);
                }
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.leaves(tree, of, found)),
            UseTree::Name(name) => found.extend(known(&name.ident).map(|young| (name.ident.to_string(), young))),
            UseTree::Rename(name) => found.extend(known(&name.ident).map(|young| (name.rename.to_string(), young))),
            // What comes with it cannot be told apart from the rest.
            UseTree::Glob(_) => found.extend(of.map(|young| ("*".to_owned(), young.clone()))),
        }
    }

    fn items(&mut self, items: &[Item]) {
        let outer = std::mem::take(&mut self.imports);
        self.imports = self.imported(items);
        let globs = self.imports.get("*").cloned();
        self.found.extend(globs.map(|young| (young, "use *".to_owned())));
        for item in items {
            self.item(item);
        }
        self.imports = outer;
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Fn(it) if is_public(&it.vis) => self.shown(it.sig.ident.to_string(), &[&it.sig]),
            Item::Struct(it) if is_public(&it.vis) => {
                self.derives(&it.ident, &it.attrs);
                self.shown(it.ident.to_string(), &[&it.generics, &it.generics.where_clause]);
                self.fields(&it.ident, &it.fields, false);
            }
            Item::Enum(it) if is_public(&it.vis) => {
                self.derives(&it.ident, &it.attrs);
                self.shown(it.ident.to_string(), &[&it.generics, &it.generics.where_clause]);
                it.variants.iter().for_each(|variant| self.fields(&it.ident, &variant.fields, true));
            }
            Item::Trait(it) if is_public(&it.vis) => {
                self.shown(it.ident.to_string(), &[&it.generics, &it.generics.where_clause, &it.supertraits]);
                for item in &it.items {
                    match item {
                        TraitItem::Fn(item) => self.shown(format!("{}::{}", it.ident, item.sig.ident), &[&item.sig]),
                        other => self.shown(it.ident.to_string(), &[other]),
                    }
                }
            }
            Item::Impl(it) => {
                let name = it.self_ty.to_token_stream().to_string();
                let of_trait = it.trait_.as_ref().map(|(of, _)| of);
                self.look(&name, tokens(&[&it.generics, &it.generics.where_clause, &it.self_ty, &of_trait]));
                for item in &it.items {
                    match item {
                        ImplItem::Fn(item) if is_public(&item.vis) || of_trait.is_some() => {
                            self.shown(format!("{name}::{}", item.sig.ident), &[&item.sig]);
                        }
                        ImplItem::Const(item) if is_public(&item.vis) => self.shown(name.clone(), &[&item.ty]),
                        ImplItem::Type(item) => self.shown(name.clone(), &[&item.ty]),
                        _ => {}
                    }
                }
            }
            Item::Type(it) if is_public(&it.vis) => self.shown(it.ident.to_string(), &[&it.generics, &it.ty]),
            Item::Const(it) if is_public(&it.vis) => self.shown(it.ident.to_string(), &[&it.ty]),
            Item::Static(it) if is_public(&it.vis) => self.shown(it.ident.to_string(), &[&it.ty]),
            Item::Use(it) if is_public(&it.vis) => {
                let mut handed_on = BTreeMap::new();
                self.leaves(&it.tree, None, &mut handed_on);
                self.found.extend(handed_on.into_iter().map(|(name, young)| (young, format!("pub use {name}"))));
            }
            Item::Mod(it) if !is_test(&it.attrs) => {
                if let Some((_, items)) = &it.content {
                    self.items(items);
                }
            }
            Item::Macro(it) => self.look("a macro", it.mac.tokens.clone()),
            _ => {}
        }
    }

    fn fields(&mut self, of: &syn::Ident, fields: &Fields, all: bool) {
        for field in fields.iter().filter(|field| all || is_public(&field.vis)) {
            self.shown(format!("{of}, a field"), &[&field.ty]);
        }
    }

    fn derives(&mut self, of: &syn::Ident, attributes: &[Attribute]) {
        for attribute in attributes.iter().filter(|it| it.path().is_ident("derive") || it.path().is_ident("cfg_attr")) {
            self.look(&format!("{of}, derived"), attribute.meta.to_token_stream());
        }
    }

    fn shown(&mut self, name: String, parts: &[&dyn ToTokens]) {
        self.count += 1;
        self.look(&name, tokens(parts));
    }

    fn look(&mut self, place: &str, tokens: TokenStream) {
        let names = self.names(tokens);
        self.found.extend(names.into_iter().map(|young| (young, place.to_owned())));
    }

    /// The young crates that these tokens name. A path that ends in `!` calls a macro, and is no type.
    fn names(&self, tokens: TokenStream) -> BTreeSet<String> {
        let mut flat = Vec::new();
        flatten(tokens, &mut flat);
        let mut found = BTreeSet::new();
        for (at, word) in flat.iter().enumerate() {
            let path = flat[at + 1..].chunks(3).take_while(|part| part.len() == 3 && part[0] == ":" && part[1] == ":");
            let is_macro = flat.get(at + 1 + path.count() * 3).is_some_and(|next| next == "!");
            let begins = at == 0 || !matches!(flat[at - 1].as_str(), ":" | ".") || (at > 1 && flat[at - 2] != ":");
            let itself = self.young.get(word).filter(|_| flat.get(at + 1).is_some_and(|next| next == ":"));
            let imported = self.imports.get(word).filter(|_| begins);
            found.extend(itself.or(imported).filter(|_| !is_macro).cloned());
        }
        found
    }
}

fn tokens(parts: &[&dyn ToTokens]) -> TokenStream {
    let mut all = TokenStream::new();
    parts.iter().for_each(|part| part.to_tokens(&mut all));
    all
}

fn flatten(tokens: TokenStream, flat: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                flat.push("(".to_owned());
                flatten(group.stream(), flat);
                flat.push(")".to_owned());
            }
            other => flat.push(other.to_string()),
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| it.path().is_ident("cfg") && it.meta.to_token_stream().to_string().contains("test"))
}
