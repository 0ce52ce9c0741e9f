import { QUERY_TYPES, type Measure, type QueryTypeInfo } from './catalogue';

/** Finds what is known about a query type; a type of a newer version of the plugin is not known. */
export function queryTypeInfo(type: string): QueryTypeInfo | undefined {
  return QUERY_TYPES.find((info) => info.value === type);
}

/** Every measure of any query type. */
export const MEASURES: Measure[] = QUERY_TYPES.flatMap(({ measures }) => measures ?? []).map(({ value }) => value);
