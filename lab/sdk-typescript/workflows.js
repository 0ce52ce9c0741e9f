// The lab's order as a workflow of the TypeScript SDK: what fulfilOrder in lab/traffic/order.go is in Go.
import { condition, defineSignal, proxyActivities, setHandler, sleep } from '@temporalio/workflow';

const paid = defineSignal('paid');

export async function FulfilOrder(order) {
  const { Charge, Ship } = proxyActivities({ startToCloseTimeout: order.ActivityTime / 1e6 + 30_000 });
  let isPaid = false;
  setHandler(paid, () => {
    isPaid = true;
  });
  await Charge(order);
  await condition(() => isPaid);
  await sleep(200);
  await Ship(order);
}
