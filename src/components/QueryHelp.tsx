import React from 'react';
import type { QueryEditorHelpProps } from '@grafana/data';
import { Button } from '@grafana/ui';
import { QUERY_TYPES } from '../catalogue';
import { QUERY_VERSION, type CopilotQuery } from '../types';

/** Explore's help: every query type with its purpose; a click runs it with its defaults. */
export function QueryHelp({ onClickExample }: QueryEditorHelpProps<CopilotQuery>) {
  return (
    <>
      <h2>Query types</h2>
      <p>
        Each query type has defaults for all of its options. Without a cluster it covers all clusters. Select one to run
        it.
      </p>
      <dl>
        {QUERY_TYPES.map(({ value, label, description }) => (
          <React.Fragment key={value}>
            <dt>
              <Button
                fill="text"
                size="sm"
                onClick={() => onClickExample({ refId: 'A', version: QUERY_VERSION, queryType: value, clusters: [] })}
              >
                {label}
              </Button>
            </dt>
            <dd>{description}</dd>
          </React.Fragment>
        ))}
      </dl>
    </>
  );
}
