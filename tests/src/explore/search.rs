//! Visits every state, breadth first, on all cores.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use pay_core::till::canonical;

use super::mix::{Mix, Same};
use super::reactions::Reactions;
use super::rules::Rules;
use super::terminal::Doing;
use super::world::{Next, World};

/// So many threads hardly ever want the same part of what was seen.
const SHARDS: usize = 256;

/// What a search came to.
#[derive(Debug, Default)]
pub struct Found {
    /// States.
    pub states: u64,
    /// Fingerprints that were compared: of states, and of terminals with what they met.
    pub fingerprints: u64,
    /// Steps between them.
    pub transitions: u64,
    /// The longest of the shortest ways to a state.
    pub depth: usize,
    /// It was not broken off.
    pub closed: bool,
    /// Kinds of ends, and how many states are such.
    pub ends: BTreeMap<String, u64>,
    /// Phase and stage of a sale, and how many states have a sale there.
    pub reached: BTreeMap<(&'static str, &'static str), u64>,
    /// The shortest way to a law that is broken.
    pub broken: Option<(Vec<String>, String)>,
    /// A state from which no end can be reached, and the way there.
    pub stuck: Option<(Vec<String>, u64)>,
}

type Shard = Mutex<HashMap<u64, u32, BuildHasherDefault<Same>>>;

fn fingerprint(world: &World) -> u64 {
    let mut hasher = Mix::default();
    world.outside.hash(&mut hasher);
    for till in &world.tills {
        till.print.hash(&mut hasher);
    }
    hasher.finish()
}

/// One state that is to be looked at.
struct Open {
    id: u32,
    world: World,
}

#[derive(Default)]
struct Worker {
    next: Vec<Open>,
    parents: Vec<(u32, u32, u16)>,
    edges: Vec<(u32, u32)>,
    ends: Vec<u32>,
    kinds: BTreeMap<String, u64>,
    reached: BTreeMap<(&'static str, &'static str), u64>,
    broken: Option<(u32, u16, String)>,
}

/// Visits every state of a world, unless there are more than `most`. `loud`: says on standard error how far it is.
pub fn search(rules: &Rules, most: u64, loud: bool) -> Found {
    let seen: Vec<Shard> = (0..SHARDS).map(|_| Shard::default()).collect();
    let count = AtomicU32::new(1);
    let transitions = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let reactions = Reactions::default();
    let begin = World::new(rules);
    let print = fingerprint(&begin);
    seen[print as usize % SHARDS].lock().expect("nobody panics").insert(print, 0);
    let mut frontier = vec![Open { id: 0, world: begin }];
    let mut parents: Vec<(u32, u16)> = vec![(0, 0)];
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let mut ends: Vec<u32> = Vec::new();
    let mut found = Found::default();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    while !frontier.is_empty() {
        found.depth += 1;
        let queue = Mutex::new(frontier.into_iter());
        let workers: Vec<Worker> = std::thread::scope(|scope| {
            let run = || {
                let mut worker = Worker::default();
                loop {
                    let chunk: Vec<Open> = queue.lock().expect("nobody panics").by_ref().take(64).collect();
                    if chunk.is_empty() || stop.load(Ordering::Relaxed) {
                        return worker;
                    }
                    for open in chunk {
                        visit(rules, &reactions, &open, &seen, &count, &transitions, &mut worker);
                    }
                }
            };
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            handles.into_iter().map(|handle| handle.join().expect("a worker")).collect()
        });
        frontier = Vec::new();
        parents.resize(count.load(Ordering::Relaxed) as usize, (0, 0));
        for worker in workers {
            for (child, parent, index) in worker.parents {
                parents[child as usize] = (parent, index);
            }
            frontier.extend(worker.next);
            edges.extend(worker.edges);
            ends.extend(worker.ends);
            for (kind, count) in worker.kinds {
                *found.ends.entry(kind).or_default() += count;
            }
            for (place, count) in worker.reached {
                *found.reached.entry(place).or_default() += count;
            }
            if let (None, Some((id, index, law))) = (&found.broken, worker.broken) {
                found.broken = Some((story(rules, &reactions, &parents, id, Some(index)), law));
            }
        }
        found.states = u64::from(count.load(Ordering::Relaxed));
        found.transitions = transitions.load(Ordering::Relaxed);
        if found.broken.is_some() || found.states > most {
            return found;
        }
        if loud {
            eprintln!("depth {}: {} states, frontier {}", found.depth, found.states, frontier.len());
        }
    }
    found.closed = true;
    found.fingerprints = found.states + reactions.count();
    found.stuck = stuck(rules, &reactions, &parents, &edges, &ends);
    found
}

fn visit(
    rules: &Rules,
    reactions: &Reactions,
    open: &Open,
    seen: &[Shard],
    count: &AtomicU32,
    transitions: &AtomicU64,
    worker: &mut Worker,
) {
    for till in &open.world.tills {
        if let (Doing::Works, Some(life)) = (till.doing, &till.life) {
            for place in canonical::places(life).into_iter().flatten() {
                *worker.reached.entry(place).or_default() += 1;
            }
        }
    }
    if open.world.is_end() {
        *worker.kinds.entry(open.world.kind_of_end()).or_default() += 1;
        worker.ends.push(open.id);
    }
    let all = open.world.next(rules, reactions);
    transitions.fetch_add(all.len() as u64, Ordering::Relaxed);
    for (index, Next { step, result, .. }) in all.into_iter().enumerate() {
        let index = index as u16;
        let world = match result {
            Ok(world) => world,
            Err(law) => {
                if worker.broken.is_none() {
                    worker.broken = Some((open.id, index, law));
                }
                continue;
            }
        };
        let print = fingerprint(&world);
        let id = {
            let mut shard = seen[print as usize % SHARDS].lock().expect("nobody panics");
            match shard.get(&print) {
                Some(id) => *id,
                None => {
                    let id = count.fetch_add(1, Ordering::Relaxed);
                    shard.insert(print, id);
                    worker.parents.push((id, open.id, index));
                    worker.next.push(Open { id, world });
                    id
                }
            }
        };
        if step.is_fair(rules) && id != open.id {
            worker.edges.push((open.id, id));
        }
    }
}

/// The steps that led to a state, and one more.
fn story(rules: &Rules, reactions: &Reactions, parents: &[(u32, u16)], mut id: u32, last: Option<u16>) -> Vec<String> {
    let mut way: Vec<u16> = last.into_iter().collect();
    while id != 0 {
        let (parent, index) = parents[id as usize];
        way.push(index);
        id = parent;
    }
    let mut world = World::new(rules);
    let mut told = Vec::new();
    let mut other = false;
    for index in way.into_iter().rev() {
        let Next { step, result, swapped } = world.next(rules, reactions).swap_remove(usize::from(index));
        told.push(if other { step.swapped() } else { step }.to_string());
        other ^= swapped;
        match result {
            Ok(next) => world = next,
            Err(_) => break,
        }
    }
    told
}

/// The first state from which no end can be reached by fair steps.
fn stuck(
    rules: &Rules,
    reactions: &Reactions,
    parents: &[(u32, u16)],
    edges: &[(u32, u32)],
    ends: &[u32],
) -> Option<(Vec<String>, u64)> {
    let mut first = vec![0_u32; parents.len() + 1];
    for (_, to) in edges {
        first[*to as usize + 1] += 1;
    }
    for index in 1..first.len() {
        first[index] += first[index - 1];
    }
    let mut into = vec![0_u32; edges.len()];
    let mut at = first.clone();
    for (from, to) in edges {
        into[at[*to as usize] as usize] = *from;
        at[*to as usize] += 1;
    }
    let mut good = vec![false; parents.len()];
    let mut todo: Vec<u32> = ends.to_vec();
    for id in ends {
        good[*id as usize] = true;
    }
    while let Some(id) = todo.pop() {
        for from in &into[first[id as usize] as usize..first[id as usize + 1] as usize] {
            if !core::mem::replace(&mut good[*from as usize], true) {
                todo.push(*from);
            }
        }
    }
    let bad = good.iter().filter(|good| !**good).count() as u64;
    let id = good.iter().position(|good| !good)?;
    Some((story(rules, reactions, parents, id as u32, None), bad))
}
