//! The worlds.

use super::gateway::Kind;
use super::world::Rules;

/// All of them; `full`: the large ones too.
pub fn worlds(full: bool) -> Vec<Rules> {
    let mut all = vec![
        Rules { late: true, creates: true, kinds: &[Kind::Collect], ..Rules::small("create") },
        Rules { late: true, strangers: 1, ..Rules::small("stranger") },
    ];
    if full {
        all.extend([
            Rules { terminals: 2, ..Rules::small("two-links") },
            Rules { terminals: 2, kinds: &[Kind::Collect], ..Rules::small("two-collects") },
        ]);
    }
    all
}
