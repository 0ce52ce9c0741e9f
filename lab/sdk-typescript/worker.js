// A worker of the lab's orders on the TypeScript SDK. It takes those flags of `lab worker` that `lab record` uses, and
// --exporter names a set of options for its metrics and its slots.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { activityInfo } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';

// How the metrics are named: the defaults (milliseconds, no suffixes), seconds under the same names, and suffixes
// for everything.
const prometheusOptions = {
  default: {},
  seconds: { useSecondsForDurations: true },
  suffixes: { useSecondsForDurations: true, countersTotalSuffix: true, unitSuffix: true },
};

const { values: flags } = parseArgs({
  options: {
    address: { type: 'string' },
    namespace: { type: 'string' },
    'task-queue': { type: 'string' },
    'metrics-address': { type: 'string' },
    exporter: { type: 'string', default: 'default' },
    'activity-slots': { type: 'string', default: '100' },
    'resource-tuner': { type: 'boolean', default: false },
  },
});
const activitySlots = Number(flags['activity-slots']);

// With a resource-based tuner the slots depend on CPU and memory. Here the worker gets as many as a fixed one
// whatever else the machine does, so that a recording made beside a compiler is not starved.
const slots = flags['resource-tuner']
  ? {
      tuner: {
        tunerOptions: { targetMemoryUsage: 0.8, targetCpuUsage: 0.95 },
        workflowTaskSlotOptions: { minimumSlots: 20, maximumSlots: 100 },
        activityTaskSlotOptions: { minimumSlots: activitySlots, maximumSlots: activitySlots },
      },
    }
  : { maxConcurrentActivityTaskExecutions: activitySlots, maxConcurrentWorkflowTaskExecutions: 100 };

Runtime.install({
  telemetryOptions: {
    metrics: { prometheus: { bindAddress: flags['metrics-address'], ...prometheusOptions[flags.exporter] } },
  },
});

const { address, namespace } = flags;
const client = new Client({ connection: await Connection.connect({ address }), namespace });
const work = (order) => new Promise((resolve) => setTimeout(resolve, order.ActivityTime / 1e6));

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  namespace,
  taskQueue: flags['task-queue'],
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  activities: {
    async Charge(order) {
      if (order.Fail) {
        throw ApplicationFailure.nonRetryable('the card is declined', 'Declined');
      }
      await work(order);
      const { workflowExecution } = activityInfo();
      await client.workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId).signal('paid');
    },
    Ship: work,
  },
  ...slots,
});
await worker.run();
