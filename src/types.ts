import type { DataSourceJsonData, DataSourcePluginOptionsEditorProps } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';
import type { Measure, QueryType } from './catalogue';

/** The version of the query JSON that this front end writes. */
export const QUERY_VERSION = 1;

/** One query as it is stored in dashboards and alert rules, field for field what the back end reads. */
export interface CopilotQuery extends DataQuery {
  queryType: QueryType;
  version: number;
  /** Names of clusters or template variables; none means all clusters. */
  clusters?: string[];
  signals?: string[];
  services?: string[];
  states?: string[];
  kinds?: string[];
  gates?: string[];
  /** Severities of issues. */
  severities?: string[];
  /** Ids of log patterns, or template variables. */
  patterns?: string[];
  measure?: Measure;
  /** Ids of explanations; none means the newest. */
  assessments?: string[];
  /** Ids of runbooks. */
  documents?: string[];
  /** Results of gates. */
  results?: string[];
  /** Includes resolved issues of the time range. */
  includeResolved?: boolean;
  /** Maximum number of rows, newest or worst first. */
  limit?: number;
  live?: boolean;
}

/** Lists for template variables. */
export type VariableSource = 'clusters' | 'services' | 'signals' | 'states' | 'severities' | 'runbooks';

export interface CopilotVariableQuery extends DataQuery {
  source: VariableSource;
}

export type StoreKind = 'postgres' | 'dsql';
export type TLSMode = 'verify-full' | 'verify-ca' | 'require' | 'disable';
export type AWSAuth = 'default' | 'keys';

/** Settings of the datasource that are no secret. An absent field has the default that its placeholder shows. */
export interface CopilotOptions extends DataSourceJsonData {
  kind?: StoreKind;
  enableSecureSocksProxy?: boolean;

  host?: string;
  port?: number;
  database?: string;
  user?: string;
  tlsMode?: TLSMode;

  endpoint?: string;
  region?: string;
  role?: string;
  awsAuth?: AWSAuth;
  assumeRoleArn?: string;
  externalId?: string;

  /** Uid of the Loki datasource with the logs of the clusters. */
  lokiUid?: string;
  lokiSelector?: string;
  /** Address of the Temporal Web UI. */
  temporalUiUrl?: string;

  maxOpenConns?: number;
  pollIntervalMs?: number;
}

/** Settings that Grafana encrypts and never sends back to the browser. */
export interface CopilotSecrets {
  password?: string;
  tlsCACert?: string;
  accessKey?: string;
  secretKey?: string;
  sessionToken?: string;
}

/** One row of the back end's table of signals. */
export interface Signal {
  id: string;
  title: string;
  unit: string;
  class: string;
  /** The signal's number in its class; 0 where the class has none. */
  number: number;
  service: string;
  meaning: string;
}

/** One rule of the back end's table of gates. */
export interface Gate {
  id: string;
  /** What is wrong when the gate fires. */
  title: string;
  /** Why that matters. */
  why?: string;
}

/** A known error pattern in logs, as found in the store. */
export interface LogPattern {
  id: string;
  meaning: string;
}

/** A document of the plugin. */
export interface Runbook {
  id: string;
  title: string;
}

/** What every part of the settings page is given. */
export type ConfigProps = DataSourcePluginOptionsEditorProps<CopilotOptions, CopilotSecrets>;
