import React from 'react';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { newDataSource } from '../testing';
import { QUERY_TYPES } from '../catalogue';
import { QUERY_VERSION } from '../types';
import { QueryHelp } from './QueryHelp';

it('explains every query type and runs the selected one', async () => {
  const onClickExample = jest.fn();
  render(<QueryHelp datasource={newDataSource()} query={{ refId: 'B' } as never} onClickExample={onClickExample} />);

  expect(screen.getAllByRole('term').map((term) => term.textContent)).toEqual(QUERY_TYPES.map(({ label }) => label));
  expect(screen.getAllByRole('definition').map((text) => text.textContent)).toEqual(
    QUERY_TYPES.map(({ description }) => description)
  );
  await userEvent.click(screen.getByText('Task queues'));
  expect(onClickExample).toHaveBeenCalledWith({
    refId: 'A',
    version: QUERY_VERSION,
    queryType: 'queues',
    clusters: [],
  });
});
