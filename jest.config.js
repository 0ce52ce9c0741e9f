// Times in tests are UTC wherever they run.
process.env.TZ = 'UTC';

const base = require('./.config/jest.config');
const { grafanaESModules, nodeModulesToTransform } = require('./.config/jest/utils');

const [sourceFiles] = Object.keys(base.transform);

module.exports = {
  ...base,
  // A machine that builds Go beside the tests is slow, and a test that waits is not wrong.
  testTimeout: 60_000,
  transform: {
    ...base.transform,
    // Some of Grafana's dependencies ship nothing but ES modules named .mjs.
    '^.+\\.mjs$': base.transform[sourceFiles],
  },
  transformIgnorePatterns: [nodeModulesToTransform([...grafanaESModules, '@react-hookz/web', '@ver0/deep-equal'])],
};
