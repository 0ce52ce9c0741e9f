import React from 'react';
import { updateDatasourcePluginJsonDataOption } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { Field, FieldSet } from '@grafana/ui';
import type { ConfigProps } from '../types';
import { TextField } from './fields';
import { OnePicker } from './OnePicker';

const NONE = { value: '', label: 'None' };

/** Where the raw evidence is: links of tables lead there. */
export function LinkSettings(props: ConfigProps) {
  const { options } = props;
  const sources = getDataSourceSrv()?.getList({ pluginId: 'loki' }) ?? [];

  return (
    <FieldSet label="Links">
      <Field
        label="Loki datasource"
        description="Datasource with the logs of the clusters. Log patterns link their lines in Explore."
        disabled={options.readOnly}
      >
        <OnePicker
          id="copilot-config-lokiUid"
          width={60}
          options={[NONE, ...sources.map(({ uid, name }) => ({ value: uid, label: name }))]}
          value={options.jsonData.lokiUid ?? ''}
          onChange={(uid) => updateDatasourcePluginJsonDataOption(props, 'lokiUid', uid || undefined)}
        />
      </Field>
      <TextField
        {...props}
        option="lokiSelector"
        label="Loki selector"
        description="Selects the log streams of a cluster; ${cluster} is replaced by its name."
        placeholder='{cluster="${cluster}"}'
      />
      <TextField
        {...props}
        option="temporalUiUrl"
        label="Temporal Web UI"
        description="Address of the Temporal Web UI; ${cluster} is replaced by the cluster's name. Task queues link to it."
        placeholder="https://temporal.example.com"
      />
    </FieldSet>
  );
}
