import { setTimeout as sleep } from 'node:timers/promises';

/** Where the lab takes orders: the address that `bin/lab up --control` is given. */
export const CONTROL = process.env.LAB_CONTROL ?? 'http://127.0.0.1:7654';

/** How the cluster is, as the copilot is to find it. */
export type Health = 'healthy' | 'stressed' | 'critical';

interface Conditions {
  rate: number;
  workers: number;
  fail_share: number;
}

const SOUND: Conditions = { rate: 2, workers: 2, fail_share: 0 };

/** The conditions that bring each about, and the state that the copilot then gives. */
export const HEALTH: Record<Health, { conditions: Conditions; state: string }> = {
  healthy: { conditions: SOUND, state: 'happy' },
  // Less than half of them failing is not yet critical.
  stressed: { conditions: { ...SOUND, fail_share: 0.25 }, state: 'stressed' },
  critical: { conditions: { ...SOUND, workers: 0 }, state: 'critical' },
};

export interface Store {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  tls: string;
}

interface Stage {
  cluster: string;
  conditions: Conditions;
  /** Grafana's address, empty when the lab runs none. */
  grafana: string;
  store: Store;
}

export interface LabEvent {
  seq: number;
  kind: string;
  from_state: string;
  to_state: string;
  /** When the signals were read, in milliseconds. */
  at: number;
  /** When the store committed it, in milliseconds: nobody can know earlier. */
  committed: number;
}

/** The lab that runs beside the browser. */
export class Lab {
  /** The name of the cluster that faults befall. */
  readonly cluster = 'lab';

  stage(): Promise<Stage> {
    return this.ask('GET', '/stage');
  }

  /** What the copilot's store holds of changes, in their order. */
  async events(): Promise<LabEvent[]> {
    const events = await this.ask<Array<Record<'at' | 'committed', string> & LabEvent>>('GET', '/events');
    return events.map((event) => ({ ...event, at: Date.parse(event.at), committed: Date.parse(event.committed) }));
  }

  /** The state that the copilot gives the cluster. */
  async state(): Promise<string> {
    return (await this.events()).at(-1)?.to_state ?? 'unknown';
  }

  /** The last event that led to a state. */
  async last(state: string): Promise<LabEvent> {
    const event = (await this.events()).findLast(({ to_state }) => to_state === state);
    if (!event) {
      throw new Error(`no event led to ${state}`);
    }
    return event;
  }

  async set(health: Health): Promise<void> {
    await this.ask('POST', '/conditions', HEALTH[health].conditions);
  }

  /** Brings the cluster into a health and waits until the copilot says so. */
  async reach(health: Health, within = 180_000): Promise<void> {
    await this.set(health);
    const deadline = Date.now() + within;
    while ((await this.state()) !== HEALTH[health].state) {
      if (Date.now() > deadline) {
        throw new Error(`the copilot says ${await this.state()} ${within / 1000} s after the cluster became ${health}`);
      }
      await this.stage(); // fails with the reason if a part of the lab has ended
      await sleep(500);
    }
  }

  /** Ends Grafana and returns when it is up again. */
  restartGrafana(): Promise<void> {
    return this.ask('POST', '/grafana/restart');
  }

  private async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(CONTROL + path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`the lab answers ${method} ${path} with ${response.status}: ${text}`);
    }
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}
