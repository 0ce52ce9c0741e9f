import type { GrafanaAPI } from './grafana';

/** The uid of the provisioned rule about critical clusters. */
export const CRITICAL_RULE = 'temporal-copilot-critical';

export interface AlertInstance {
  state: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

interface RuleGroups {
  data: {
    groups: Array<{
      rules: Array<{ uid: string; name: string; state: string; health: string; alerts?: AlertInstance[] }>;
    }>;
  };
}

/** The alert of a rule for a cluster, as Grafana has it now; undefined before the rule's first evaluation. */
export async function alertOf(api: GrafanaAPI, uid: string, cluster: string): Promise<AlertInstance | undefined> {
  const { data } = await api.get<RuleGroups>('/api/prometheus/grafana/api/v1/rules');
  const rule = data.groups.flatMap(({ rules }) => rules).find((rule) => rule.uid === uid);
  return rule?.alerts?.find(({ labels }) => labels.cluster === cluster);
}

interface Annotation {
  prevState: string;
  newState: string;
  time: number;
  text: string;
}

/** The states that an alert went through since a time, as Grafana wrote them down: ["Normal", "Pending", …]. */
export async function pathOf(api: GrafanaAPI, uid: string, cluster: string): Promise<string[]> {
  const annotations = await api.get<Annotation[]>(`/api/annotations?alertUID=${uid}&type=alert&limit=1000`);
  const changes = annotations
    .filter(({ text }) => text.includes(`cluster=${cluster},`) || text.includes(`cluster=${cluster}}`))
    .sort((a, b) => a.time - b.time);
  return changes.length === 0 ? [] : [changes[0].prevState, ...changes.map(({ newState }) => newState)];
}
