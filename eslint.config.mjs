import { defineConfig } from 'eslint/config';
import grafanaConfig from './.config/eslint.config.mjs';

export default defineConfig([
  { ignores: ['bin/', 'coverage/', 'dist/', 'lab/', 'node_modules/', '.cache/'] },
  ...grafanaConfig,
]);
