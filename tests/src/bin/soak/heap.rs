//! What is allocated and not yet given back, to the byte: what the system says of a process also holds what its allocator
//! keeps by for later, which changes from round to round and hides a leak.
#![expect(unsafe_code, reason = "an allocator cannot be written without; every call goes to the system's as it is")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Given back by this thread. Constant, so that reading it allocates nothing.
    static GIVEN_BACK: Cell<usize> = const { Cell::new(0) };
}

fn take(size: usize) {
    BYTES.fetch_add(size, Ordering::Relaxed);
}

fn give_back(size: usize) {
    BYTES.fetch_sub(size, Ordering::Relaxed);
    GIVEN_BACK.with(|given| given.set(given.get().wrapping_add(size)));
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    // Not by way of `alloc`, which would have the system touch every page of it.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        BYTES.fetch_add(size, Ordering::Relaxed);
        give_back(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that this process holds.
pub fn live() -> u64 {
    BYTES.load(Ordering::Relaxed) as u64
}

/// Bytes that this value held on to: what is given back when it goes.
pub fn held(value: impl Sized) -> u64 {
    let before = GIVEN_BACK.with(Cell::get);
    drop(value);
    GIVEN_BACK.with(Cell::get).wrapping_sub(before) as u64
}
