// The parts of the documentation that follow from the code, by the name of the block they stand in.

import { errorCodes } from '../../src/errors.ts';
import { trainingJsonSchema } from '../../src/model/training.ts';
import { deviceProfiles } from '../../src/power/index.ts';
import { messageKinds } from '../../src/protocol/messages.ts';
import { drawSchedule } from '../../src/simulator/picture.ts';
import { runCostedRing } from '../../test/ring/costed-ring.ts';
import { keyTable, kindSections } from './schema-tables.ts';
import type { JsonSchema } from './schema-tables.ts';

const schema = trainingJsonSchema() as JsonSchema;

const part = (key: string): JsonSchema => schema.properties![key]!;

function errorTable(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { exit, about }]) => `| \`${code}\` | ${exit} | ${about} |`,
  );
  return ['| code | exit code | when |', '|---|---|---|', ...rows].join('\n');
}

function messageTable(): string {
  const rows = Object.entries(messageKinds).map(([type, { wire, fields, tensors }]) => {
    const names = Object.keys(fields.shape).map((name) => `\`${name}\``);
    return `| ${wire} | \`${type}\` | ${names.join(', ')} | ${tensors ? 'yes' : ''} |`;
  });
  return ['| number | message | fields | tensors |', '|---|---|---|---|', ...rows].join('\n');
}

function boardTable(): string {
  const rows = deviceProfiles.flatMap(
    ({ name, device, coreSpeed, memoryBytes, idleWatts, loadWatts }) =>
      coreSpeed
        ? [
            `| \`${name}\` | ${device} | ${Number((coreSpeed.flops / 1e9).toFixed(2))} | ${memoryBytes / 2 ** 30} GiB | ${idleWatts} + ${loadWatts} | ${coreSpeed.citation} |`,
          ]
        : [],
  );
  return [
    '| board | device | GFLOP/s of a core | memory | watts idle + load | speed from |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

async function schedulePicture(): Promise<string> {
  const { spans } = await runCostedRing({ nodes: 3, microbatches: 4 });
  return `\`\`\`text\n${drawSchedule(spans, 1)}\n\`\`\``;
}

/** Every block there is, as Markdown. */
export const blocks = async (): Promise<Readonly<Record<string, string>>> => ({
  errors: errorTable(),
  messages: messageTable(),
  boards: boardTable(),
  schedule: await schedulePicture(),
  keys: keyTable(schema, ['resolved']),
  data: kindSections(part('data'), 'kind', '###'),
  layers: kindSections(part('model').items as JsonSchema, 'layer', '###'),
  optimizers: kindSections(part('optimizer'), 'kind', '###'),
  schedules: kindSections(part('learningRate'), 'schedule', '###'),
});

export const pages = [
  'ARCHITECTURE.md',
  'docs/errors.md',
  'docs/lab.md',
  'docs/protocol.md',
  'docs/training-file.md',
] as const;

/** The page with each of its blocks as the code has it now. */
export const fillIn = (page: string, contents: Readonly<Record<string, string>>): string =>
  page.replaceAll(
    /(<!-- begin (\w+):[^\n]*-->\n)[\s\S]*?(<!-- end \2 -->)/g,
    (_, begin: string, name: string, end: string) => {
      const content = contents[name];
      if (content === undefined) throw new Error(`no block of the documentation is called ${name}`);
      return `${begin}\n${content}\n\n${end}`;
    },
  );
