import React from 'react';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { newDataSource } from '../testing';
import { VariableQueryEditor } from './VariableQueryEditor';

it('lists clusters unless another list is chosen', async () => {
  const onChange = jest.fn();
  const query = { refId: 'A', source: undefined as never };
  render(<VariableQueryEditor datasource={newDataSource()} query={query} onChange={onChange} onRunQuery={jest.fn()} />);

  expect(screen.getByLabelText(/List of/)).toHaveValue('Clusters');
  await userEvent.click(screen.getByLabelText(/List of/));
  await userEvent.click(await screen.findByText('Signals'));

  expect(onChange).toHaveBeenCalledWith({ refId: 'A', source: 'signals' });
});
