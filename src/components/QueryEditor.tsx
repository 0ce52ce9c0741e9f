import React, { type ComponentProps, useEffect, useMemo } from 'react';
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
import { listsOf, named, variableGroup } from '../lists';
import { migrateQuery, withType } from '../query';
import { queryTypeInfo } from '../queryTypes';
import type { CopilotOptions, CopilotQuery } from '../types';
import { LimitInput } from './LimitInput';
import { ListPicker } from './ListPicker';
import { MultiPicker, type Option } from './MultiPicker';
import { OnePicker } from './OnePicker';

type Props = QueryEditorProps<CopilotDataSource, CopilotQuery, CopilotOptions>;

const LABEL_WIDTH = 14;

/** Selectable services, where they differ from those of gates and signals. */
const SERVICES_OF: Partial<Record<QueryType, Option[]>> = { services: SERVICES, logs: LOG_SERVICES };

interface WordsFieldProps {
  id: string;
  label: string;
  options: Option[];
  value?: string[];
  onChange: (value: string[]) => void;
  /** Replaces the default tooltip. */
  tooltip?: string;
  placeholder?: string;
  allowCustomValue?: boolean;
}

/** A filter by a fixed vocabulary. */
function WordsField({ label, tooltip, placeholder, value, ...picker }: WordsFieldProps) {
  const words = label.toLowerCase();
  return (
    <InlineField label={label} labelWidth={LABEL_WIDTH} grow tooltip={tooltip ?? `Empty: all ${words}.`}>
      <MultiPicker placeholder={placeholder ?? `All ${words}`} value={value ?? []} {...picker} />
    </InlineField>
  );
}

interface ListFieldProps extends ComponentProps<typeof ListPicker> {
  label: string;
  tooltip: string;
}

/** A filter by a list of the back end. */
function ListField({ label, tooltip, ...picker }: ListFieldProps) {
  return (
    <InlineField label={label} labelWidth={LABEL_WIDTH} grow tooltip={tooltip}>
      <ListPicker {...picker} />
    </InlineField>
  );
}

/** Query type, clusters, and the options of the query type. */
export function QueryEditor({ app, datasource, query: stored, onChange, onRunQuery }: Props) {
  const query = useMemo(() => migrateQuery(datasource.begun(stored, app)), [app, datasource, stored]);
  // An alert rule runs the stored query, without the front end's defaults: they are part of it from the beginning.
  useEffect(() => {
    if (!stored.queryType) {
      onChange(query);
    }
  }, [stored.queryType, query, onChange]);
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
  const lists = useMemo(() => listsOf(datasource), [datasource]);
  const variables = datasource.templateVariables();

  return (
    <Stack direction="column" gap={0}>
      <Stack alignItems="center" wrap="wrap">
        <InlineField label="Query type" labelWidth={LABEL_WIDTH}>
          <OnePicker
            id={id('type')}
            width={28}
            options={QUERY_TYPES}
            value={info?.value ?? { value: query.queryType, label: `${query.queryType} (unsupported)` }}
            onChange={(type) => {
              onChange(withType(query, type));
              onRunQuery();
            }}
          />
        </InlineField>
        <Text color="secondary" variant="bodySmall">
          {info?.description ?? 'This query type is not supported by this version of the plugin. Select another type.'}
        </Text>
      </Stack>

      <ListField
        label="Clusters"
        tooltip="Empty: all clusters. Supports template variables with multiple values."
        id={id('clusters')}
        load={lists.clusters}
        first={named(variables)}
        plural="clusters"
        placeholder="All clusters"
        none="No cluster reported yet"
        value={query.clusters ?? []}
        onChange={(clusters) => change({ clusters })}
      />

      {has('signals') && (
        <ListField
          label="Signals"
          tooltip="Search by name, id, unit or description. Empty: the signals of the services below."
          id={id('signals')}
          load={lists.signals}
          first={variableGroup(variables)}
          plural="signals"
          placeholder="Signals by service"
          none="No matching signal"
          value={query.signals ?? []}
          onChange={(signals) => change({ signals })}
        />
      )}

      {has('gates') && (
        <ListField
          label="Gates"
          tooltip="Empty: all gates."
          id={id('gates')}
          load={lists.gates}
          plural="gates"
          placeholder="All gates"
          none="No matching gate"
          value={query.gates ?? []}
          onChange={(gates) => change({ gates })}
        />
      )}

      {has('documents') && (
        <ListField
          label="Runbooks"
          tooltip="Runbooks to show, by id."
          id={id('documents')}
          load={lists.runbooks}
          first={named(variables)}
          plural="runbooks"
          placeholder="Select runbooks"
          none="No matching runbook"
          value={query.documents ?? []}
          onChange={(documents) => change({ documents })}
        />
      )}

      {has('assessments') && (
        <ListField
          label="Explanation"
          tooltip="Id of an explanation, as in the column assessment of events and issues. Empty: the newest."
          id={id('assessments')}
          load={lists.none}
          first={named(variables)}
          plural="explanations"
          placeholder="Newest explanation"
          none="Type the id of an explanation"
          value={query.assessments ?? []}
          onChange={(assessments) => change({ assessments })}
        />
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
        <ListField
          label="Patterns"
          tooltip="Empty: all patterns. An alert rule gets one number per selected pattern, or the total of all patterns."
          id={id('patterns')}
          load={lists.patterns}
          plural="patterns"
          placeholder="All patterns"
          none="No recent pattern"
          value={query.patterns ?? []}
          onChange={(patterns) => change({ patterns })}
        />
      )}

      {has('services') && !chosenSignals && (
        <WordsField
          id={id('services')}
          label="Services"
          tooltip={
            has('signals') ? 'All signals of these services. Empty: the primary signals of all services.' : undefined
          }
          options={SERVICES_OF[query.queryType] ?? SERVICES_AND_CLUSTER}
          placeholder={has('signals') ? 'Primary signals of all services' : undefined}
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
          tooltip="Empty: all results. Alert rules always include passed gates, as 0, so that alerts can resolve."
          options={RESULTS}
          value={query.results}
          onChange={(results) => change({ results })}
        />
      )}

      {has('kinds') && (
        <WordsField
          id={id('kinds')}
          label="Kinds"
          tooltip="Kind of change. Empty: all kinds."
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
            tooltip="The value returned by the query. Alert rules compare this number."
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
          <InlineField label="Limit" labelWidth={LABEL_WIDTH} tooltip="Maximum number of rows.">
            <LimitInput id={id('limit')} value={query.limit} onChange={(limit) => change({ limit })} />
          </InlineField>
        )}

        {has('includeResolved') && (
          <InlineField
            label="Include resolved"
            labelWidth={LABEL_WIDTH + 4}
            tooltip="On: all issues in the time range, including resolved ones. Off: open issues."
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
            tooltip="Updates the panel on every change. Live panels show all kinds and states."
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
