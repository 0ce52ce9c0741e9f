import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './components/ConfigEditor';
import { QueryEditor } from './components/QueryEditor';
import { QueryHelp } from './components/QueryHelp';
import { CopilotDataSource } from './datasource';
import type { CopilotOptions, CopilotQuery, CopilotSecrets } from './types';

export const plugin = new DataSourcePlugin<CopilotDataSource, CopilotQuery, CopilotOptions, CopilotSecrets>(
  CopilotDataSource
)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(QueryHelp);
