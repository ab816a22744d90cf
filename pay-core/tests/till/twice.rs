//! The two tills are one: what the blocking one does, the async one does.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use pay_core::drive::{Blocking, Routes};
use pay_core::model::method::Upi;
use pay_core::sale::Buffers;
use pay_core::till::{Till, Wish};

use super::world::{Counter, Plan, World, create, customer, device, flash, memory, rupees, terms, till, wire};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

#[test]
fn the_async_till_makes_the_same_steps() {
    for cancels in [false, true] {
        let plan = |world: &super::world::Shared| {
            if cancels {
                world.borrow_mut().wishes.push((6_000, Wish::Cancel));
            } else {
                world.borrow_mut().plans.push((9_000, Plan::Pay));
            }
        };
        let (one, other) = (World::new(), World::new());
        plan(&one);
        plan(&other);
        let kept = flash(&one);
        let mut memory_one = memory();
        let mut blocking = till(&one, &kept, 1, &mut memory_one, ());
        let order = create(&mut blocking, &one, 1_015);
        let first = blocking.sell(order, Upi::link(), &mut Counter(one.clone())).unwrap();

        let mut memory_two = memory();
        let buffers = Buffers { tx: &mut memory_two.0, rx: &mut memory_two.1 };
        let routes = Routes::same(Blocking(wire(&other)));
        let mut till = Till::new(routes, device(Blocking(flash(&other))), terms(), [1; 32], buffers, ());
        let mut shop = Counter(other.clone());
        let second = block_on(async {
            let order = till.create(rupees(1_015), customer(), &mut shop).await.unwrap();
            till.sell(order, Upi::link(), &mut shop).await.unwrap()
        });
        assert_eq!(first, second);
        assert_eq!(one.borrow().calls, other.borrow().calls);
        assert_eq!(one.borrow().keys, other.borrow().keys);
    }
}
