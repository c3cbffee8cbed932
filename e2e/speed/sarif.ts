/** A SARIF 2.1.0 report with the given number of different results. */

const LEVELS = ['error', 'warning', 'note'];

export function report(results: number): string {
  return JSON.stringify({
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Speed' } },
        results: Array.from({ length: results }, (_, n) => ({
          ruleId: `rule-${n % 40}`,
          level: LEVELS[n % LEVELS.length],
          message: { text: `Result ${n} of rule ${n % 40}: a value from outside reaches a query` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: `src/part-${n % 97}/file-${n % 613}.py` },
                region: { startLine: n + 1 },
              },
            },
          ],
        })),
      },
    ],
  });
}
