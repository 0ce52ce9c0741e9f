import React, { useCallback, useMemo } from 'react';
import type { QueryEditorProps } from '@grafana/data';
import { InlineField, InlineSwitch, Stack, Text } from '@grafana/ui';
import {
  EVENT_KINDS,
  LOG_SERVICES,
  QUERY_TYPES,
  RESULTS,
  SERVICES,
  SERVICES_AND_CLUSTER,
  SEVERITIES,
  STATES,
  type QueryOption,
  type QueryType,
} from '../catalogue';
import type { CopilotDataSource } from '../datasource';
import { migrateQuery, withType } from '../query';
import { queryTypeInfo } from '../queryTypes';
import type { CopilotOptions, CopilotQuery } from '../types';
import { ClusterPicker } from './ClusterPicker';
import { GatePicker } from './GatePicker';
import { LimitInput } from './LimitInput';
import { MultiPicker, type Option } from './MultiPicker';
import { OnePicker } from './OnePicker';
import { PatternPicker } from './PatternPicker';
import { SignalPicker } from './SignalPicker';

type Props = QueryEditorProps<CopilotDataSource, CopilotQuery, CopilotOptions>;

const LABEL_WIDTH = 14;

/** Services to choose from, where they are not those that gates and signals name. */
const SERVICES_OF: Partial<Record<QueryType, Option[]>> = { services: SERVICES, logs: LOG_SERVICES };

interface WordsFieldProps {
  id: string;
  label: string;
  options: Option[];
  value?: string[];
  onChange: (value: string[]) => void;
  /** What the words are for, where that is more than that none means all of them. */
  tooltip?: string;
  placeholder?: string;
  allowCustomValue?: boolean;
}

/** A filter by words of the rules. */
function WordsField({ label, tooltip, placeholder, value, ...picker }: WordsFieldProps) {
  const words = label.toLowerCase();
  return (
    <InlineField label={label} labelWidth={LABEL_WIDTH} grow tooltip={tooltip ?? `None means all ${words}.`}>
      <MultiPicker placeholder={placeholder ?? `All ${words}`} value={value ?? []} {...picker} />
    </InlineField>
  );
}

/** Asks for a query type, the clusters, and the options that this type obeys. */
export function QueryEditor({ app, datasource, query: stored, onChange, onRunQuery }: Props) {
  const query = useMemo(() => migrateQuery(datasource.begun(stored, app)), [app, datasource, stored]);
  const info = queryTypeInfo(query.queryType);
  const has = (option: QueryOption) => info?.options.includes(option) ?? false;
  // One query has one editor on the page, but a page has many queries.
  const id = (field: string) => `copilot-query-${query.refId}-${field}`;

  const change = (changed: Partial<CopilotQuery>) => {
    onChange({ ...query, ...changed });
    onRunQuery();
  };

  const measures = info?.measures ?? [];
  const chosenSignals = has('signals') && (query.signals?.length ?? 0) > 0;
  const variables = useCallback(() => datasource.templateVariables(), [datasource]);

  return (
    <Stack direction="column" gap={0}>
      <Stack alignItems="center" wrap="wrap">
        <InlineField label="Query type" labelWidth={LABEL_WIDTH}>
          <OnePicker
            id={id('type')}
            width={28}
            options={QUERY_TYPES}
            value={info?.value ?? { value: query.queryType, label: `${query.queryType} (not known to this version)` }}
            onChange={(type) => {
              onChange(withType(query, type));
              onRunQuery();
            }}
          />
        </InlineField>
        <Text color="secondary" variant="bodySmall">
          {info?.description ?? 'This query comes from another version of the plugin. Choose one of the types listed.'}
        </Text>
      </Stack>

      <InlineField
        label="Clusters"
        labelWidth={LABEL_WIDTH}
        grow
        tooltip="None means all clusters. Takes template variables, also with several values."
      >
        <ClusterPicker
          id={id('clusters')}
          datasource={datasource}
          variables={variables}
          value={query.clusters ?? []}
          onChange={(clusters) => change({ clusters })}
        />
      </InlineField>

      {has('signals') && (
        <InlineField
          label="Signals"
          labelWidth={LABEL_WIDTH}
          grow
          tooltip="Search by name, id, unit or meaning. None means the signals of the services below."
        >
          <SignalPicker
            id={id('signals')}
            datasource={datasource}
            variables={variables}
            value={query.signals ?? []}
            onChange={(signals) => change({ signals })}
          />
        </InlineField>
      )}

      {has('gates') && (
        <InlineField label="Gates" labelWidth={LABEL_WIDTH} grow tooltip="None means all gates.">
          <GatePicker
            id={id('gates')}
            datasource={datasource}
            value={query.gates ?? []}
            onChange={(gates) => change({ gates })}
          />
        </InlineField>
      )}

      {has('severities') && (
        <WordsField
          id={id('severities')}
          label="Severities"
          options={SEVERITIES}
          allowCustomValue
          value={query.severities}
          onChange={(severities) => change({ severities })}
        />
      )}

      {has('patterns') && (
        <InlineField
          label="Patterns"
          labelWidth={LABEL_WIDTH}
          grow
          tooltip="None means all patterns. An alert rule gets a number for each pattern named here, or one for all together."
        >
          <PatternPicker
            id={id('patterns')}
            datasource={datasource}
            value={query.patterns ?? []}
            onChange={(patterns) => change({ patterns })}
          />
        </InlineField>
      )}

      {has('services') && !chosenSignals && (
        <WordsField
          id={id('services')}
          label="Services"
          tooltip={
            has('signals')
              ? 'All signals of these services. None means the primary signals of all services.'
              : undefined
          }
          options={SERVICES_OF[query.queryType] ?? SERVICES_AND_CLUSTER}
          placeholder={has('signals') ? 'Primary signals of any service' : undefined}
          allowCustomValue
          value={query.services}
          onChange={(services) => change({ services })}
        />
      )}

      {has('states') && (
        <WordsField
          id={id('states')}
          label="States"
          options={STATES}
          allowCustomValue
          value={query.states}
          onChange={(states) => change({ states })}
        />
      )}

      {has('results') && (
        <WordsField
          id={id('results')}
          label="Results"
          tooltip="None means all results. An alert rule gets the gates that passed, too: it needs their 0 to resolve."
          options={RESULTS}
          value={query.results}
          onChange={(results) => change({ results })}
        />
      )}

      {has('kinds') && (
        <WordsField
          id={id('kinds')}
          label="Kinds"
          tooltip="What changed. None means any change."
          options={EVENT_KINDS}
          value={query.kinds}
          onChange={(kinds) => change({ kinds })}
        />
      )}

      <Stack wrap="wrap" gap={0}>
        {has('measure') && (
          <InlineField
            label="Measure"
            labelWidth={LABEL_WIDTH}
            tooltip="What the answer is about. It is the only number that an alert rule gets."
          >
            <OnePicker
              id={id('measure')}
              width={28}
              options={measures}
              value={query.measure ?? measures[0]?.value}
              onChange={(measure) => change({ measure })}
            />
          </InlineField>
        )}

        {has('limit') && (
          <InlineField label="Limit" labelWidth={LABEL_WIDTH} tooltip="The most rows that come back.">
            <LimitInput id={id('limit')} value={query.limit} onChange={(limit) => change({ limit })} />
          </InlineField>
        )}

        {has('includeResolved') && (
          <InlineField
            label="Include resolved"
            labelWidth={LABEL_WIDTH + 4}
            tooltip="Shows the issues of the time range, also those that are gone. Off, it shows what is open now."
          >
            <InlineSwitch
              id={id('include-resolved')}
              value={query.includeResolved ?? false}
              onChange={({ currentTarget }) => change({ includeResolved: currentTarget.checked })}
            />
          </InlineField>
        )}

        {has('live') && (
          <InlineField
            label="Live"
            labelWidth={LABEL_WIDTH}
            tooltip="Updates by itself as soon as something changes. A live panel shows all kinds and states."
          >
            <InlineSwitch
              id={id('live')}
              value={query.live ?? false}
              onChange={({ currentTarget }) => change({ live: currentTarget.checked })}
            />
          </InlineField>
        )}
      </Stack>
    </Stack>
  );
}
