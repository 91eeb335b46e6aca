// Starts a worker thread from a file of this folder, compiled (dist/) or as TypeScript (tests, where
// tsx must teach every new thread to read it).

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** `name` is the file's, without extension. */
export function startThread(name: 'thread' | 'helper', workerData: object): Worker {
  const url = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url);
  if (!url.pathname.endsWith('.ts')) return new Worker(url, { workerData });
  const tsx = import.meta.resolve('tsx/esm/api');
  const source = `
    import { register } from ${JSON.stringify(tsx)};
    register();
    await import(${JSON.stringify(url.href)});`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
}
