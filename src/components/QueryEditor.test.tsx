import React from 'react';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { QUERY_TYPES } from '../catalogue';
import { newDataSource, type Resources, SIGNALS } from '../testing';
import type { CopilotQuery } from '../types';
import { QueryEditor } from './QueryEditor';

const RESOURCES: Resources = {
  clusters: { clusters: ['prod', 'staging'] },
  signals: SIGNALS,
  patterns: { patterns: [{ id: 'no_poller', meaning: 'No worker takes tasks of a task queue.' }] },
  gates: { gates: [{ id: 'persistence_slow', title: 'The database is slow', why: 'Every change waits for it.' }] },
};

/** Renders the editor, which keeps the changed query as Grafana does. Returns the newest query. */
async function edit(json: object, resources = RESOURCES, variables = {}) {
  const datasource = newDataSource(resources, variables);
  const onRunQuery = jest.fn();
  let newest = { refId: 'A', ...json } as CopilotQuery;

  function Page() {
    const [query, setQuery] = React.useState(newest);
    const onChange = (changed: CopilotQuery) => {
      newest = changed;
      setQuery(changed);
    };
    return <QueryEditor datasource={datasource} query={query} onChange={onChange} onRunQuery={onRunQuery} />;
  }

  // The pickers load their options first.
  await act(async () => {
    render(<Page />);
  });
  return { query: () => newest, onRunQuery };
}

/** The labels of all inputs. */
const labels = () =>
  screen
    .getAllByText((_, element) => element?.tagName === 'LABEL' && (element as HTMLLabelElement).htmlFor !== '')
    .map(({ textContent }) => textContent);

describe('QueryEditor', () => {
  it.each(QUERY_TYPES)('says in a sentence what "$label" is', async ({ value, description }) => {
    await edit({ queryType: value });
    expect(screen.getByText(description)).toBeInTheDocument();
  });

  it.each([
    ['status', ['Query type', 'Clusters', 'States', 'Measure', 'Live']],
    ['timeline', ['Query type', 'Clusters']],
    ['signals', ['Query type', 'Clusters', 'Signals', 'Services']],
    ['gates', ['Query type', 'Clusters', 'Gates', 'Services', 'Results']],
    ['queues', ['Query type', 'Clusters', 'Limit']],
    ['services', ['Query type', 'Clusters', 'Services', 'States']],
    ['events', ['Query type', 'Clusters', 'States', 'Kinds', 'Limit', 'Live']],
    ['workers', ['Query type', 'Clusters']],
    ['summary', ['Query type', 'Clusters', 'States']],
    ['issues', ['Query type', 'Clusters', 'States', 'Severities', 'Services', 'Include resolved', 'Limit']],
    ['actions', ['Query type', 'Clusters', 'States', 'Limit']],
    ['assessments', ['Query type', 'Clusters', 'Limit']],
    ['logs', ['Query type', 'Clusters', 'Patterns', 'Services', 'Measure', 'Limit']],
    ['usage', ['Query type', 'Clusters', 'Measure']],
    ['sources', ['Query type', 'Clusters', 'Measure']],
    ['cause', ['Query type', 'Clusters', 'States', 'Live']],
    ['chain', ['Query type', 'Clusters', 'States', 'Limit']],
    ['deciding', ['Query type', 'Clusters', 'Measure']],
    ['explanation', ['Query type', 'Clusters', 'Explanation']],
    ['runbook', ['Query type', 'Clusters', 'Runbooks', 'Gates']],
    ['changes', ['Query type', 'Clusters', 'Limit']],
  ])('asks for %s only what it obeys, and every input has its label', async (queryType, expected) => {
    await edit({ queryType });
    for (const label of expected) {
      expect(screen.getByLabelText(label)).toHaveAttribute('id');
    }
    expect(labels()).toEqual(expect.arrayContaining(expected));
    expect(screen.queryAllByLabelText(/./, { selector: 'input' })).toHaveLength(expected.length);
  });

  it('writes the defaults into a new query, so that a new alert rule runs unchanged', async () => {
    const { query } = await edit({});
    expect(query()).toEqual({ refId: 'A', queryType: 'status', version: 1, clusters: [], measure: 'state' });
  });

  it('offers the clusters of the store and template variables', async () => {
    const { query, onRunQuery } = await edit({ queryType: 'status' }, RESOURCES, { cluster: ['prod'] });

    await userEvent.click(screen.getByLabelText('Clusters'));
    expect(screen.getByText('staging')).toBeInTheDocument();
    await userEvent.click(screen.getByText('$cluster'));

    expect(query().clusters).toEqual(['$cluster']);
    expect(onRunQuery).toHaveBeenCalled();
  });

  it('takes the name of a cluster that has not reported yet', async () => {
    const { query } = await edit({ queryType: 'status' });
    await userEvent.type(screen.getByLabelText('Clusters'), 'canary{Enter}');
    expect(query().clusters).toEqual(['canary']);
  });

  it('says why it cannot list the clusters, and still takes a name', async () => {
    const { query } = await edit({ queryType: 'status' }, { ...RESOURCES, clusters: new Error('the store is down') });

    await userEvent.click(screen.getByLabelText('Clusters'));
    expect(screen.getByText(/the store is down/)).toBeInTheDocument();
    await userEvent.keyboard('prod{Enter}');
    expect(query().clusters).toEqual(['prod']);
  });

  it('finds a signal by what it means, and shows its unit', async () => {
    const { query } = await edit({ queryType: 'signals' });

    await userEvent.type(screen.getByLabelText('Signals'), 'database');
    expect(screen.getByText('Primary: is work making progress?')).toBeInTheDocument();
    expect(screen.queryByText(/Task backlog depth/)).not.toBeInTheDocument();
    await userEvent.click(screen.getByText('Persistence latency p99 [ms]'));

    expect(query().signals).toEqual(['persistence.latency_p99_ms']);
  });

  it('asks for the services of signals only while no signal is chosen', async () => {
    await edit({ queryType: 'signals', signals: ['persistence.latency_p99_ms'] });
    expect(screen.queryByLabelText('Services')).not.toBeInTheDocument();
  });

  it('finds a gate by why it matters', async () => {
    const { query } = await edit({ queryType: 'gates' });

    await userEvent.type(screen.getByLabelText('Gates'), 'every change');
    await userEvent.click(screen.getByText('The database is slow'));

    expect(query().gates).toEqual(['persistence_slow']);
  });

  it('finds a log pattern by what it means', async () => {
    const { query } = await edit({ queryType: 'logs' });

    await userEvent.type(screen.getByLabelText('Patterns'), 'takes tasks');
    await userEvent.click(screen.getByText('no_poller'));

    expect(query().patterns).toEqual(['no_poller']);
  });

  it('offers the measures of the query type, its first one by itself', async () => {
    const { query } = await edit({ queryType: 'usage' });
    expect(screen.getByLabelText('Measure')).toHaveValue('Cost over time');

    await userEvent.click(screen.getByLabelText('Measure'));
    expect(screen.queryByText('Staleness')).not.toBeInTheDocument();
    await userEvent.click(await screen.findByText('Budget today'));

    expect(query().measure).toBe('budget');
  });

  it('asks for issues by severity, and for those that are gone', async () => {
    const { query } = await edit({ queryType: 'issues' });

    await userEvent.click(screen.getByLabelText('Severities'));
    await userEvent.click(screen.getByText('Critical'));
    await userEvent.click(screen.getByLabelText('Include resolved'));

    expect(query()).toMatchObject({ severities: ['critical'], includeResolved: true });
  });

  it('shows a signal that it does not know by its id', async () => {
    await edit({ queryType: 'signals', signals: ['gone.long_ago'] });
    expect(screen.getByText('gone.long_ago')).toBeInTheDocument();
  });

  it('forgets options that the new type does not obey', async () => {
    const { query } = await edit({ queryType: 'gates', clusters: ['prod'], results: ['fired'] });

    await userEvent.click(screen.getByLabelText('Query type'));
    await userEvent.click(await screen.findByText('State timeline'));

    expect(query()).toEqual({ refId: 'A', queryType: 'timeline', version: 1, clusters: ['prod'] });
  });

  it('asks for the results of gates that were chosen', async () => {
    const { query } = await edit({ queryType: 'gates', results: ['fired'] });

    await userEvent.click(screen.getByLabelText('Results'));
    await userEvent.click(await screen.findByText('Unknown'));

    expect(query().results).toEqual(['fired', 'unknown']);
  });

  it('switches to live', async () => {
    const { query } = await edit({ queryType: 'events' });
    await userEvent.click(screen.getByLabelText('Live'));
    expect(query().live).toBe(true);
  });

  it('asks with a limit once its field is left, and keeps it within bounds', async () => {
    const { query, onRunQuery } = await edit({ queryType: 'events' });

    await userEvent.type(screen.getByLabelText('Limit'), '5000');
    expect(onRunQuery).not.toHaveBeenCalled();
    await userEvent.tab();
    expect(query().limit).toBe(1000);
    expect(screen.getByLabelText('Limit')).toHaveValue(1000);

    await userEvent.clear(screen.getByLabelText('Limit'));
    await userEvent.tab();
    expect(query().limit).toBeUndefined();
  });

  it('does not pretend to know a query of another version', async () => {
    await edit({ queryType: 'forecast' });
    expect(screen.getByDisplayValue('forecast (unsupported)')).toBeInTheDocument();
    expect(screen.getByText(/not supported by this version/)).toBeInTheDocument();
  });
});
