import { defineConfig } from 'eslint/config';
import grafanaConfig from './.config/eslint.config.mjs';

export default defineConfig([
  { ignores: ['bin/', 'coverage/', 'dist/', 'lab/', 'node_modules/', '.cache/'] },
  ...grafanaConfig,
  {
    // Playwright hands fixtures a function that is called use, which is no hook of React.
    files: ['e2e/**/*.ts'],
    rules: { 'react-hooks/rules-of-hooks': 'off' },
  },
]);
