// Times a compared run by what its master reports. The clock runs while steps are made, and while lost nodes are
// made up for; it stands still while the model is tested.

import type { NodeReport, Report } from '../node.ts';
import type { Disturbance } from '../study/faults.ts';
import type { StepResult } from '../study/results.ts';

/** Times a run by its reports: from each step's beginning to its commit. */
export class Stopwatch {
  seconds = 0;
  readonly results: StepResult[] = [];
  members: readonly NodeReport[] = [];
  finalLoss = Number.NaN;
  accuracy: number | undefined;
  secondsToTarget: number | undefined;
  shipped: { readonly bytes: number; readonly seconds: number } | undefined;
  readonly disturbances: Disturbance[] = [];
  #mark = 0;
  #shipping = 0;

  take(report: Report, targetAccuracy: number | undefined): void {
    const now = performance.now() / 1000;
    switch (report.kind) {
      case 'formed':
        this.members = report.nodes;
        break;
      case 'shipping':
        this.#shipping = now;
        break;
      case 'shipped':
        this.shipped = { bytes: report.bytes, seconds: now - this.#shipping };
        break;
      case 'step': {
        this.seconds += now - this.#mark;
        const samples = (this.results.at(-1)?.samples ?? 0) + report.samples;
        const { step, loss } = report;
        this.results.push({ step, samples, seconds: this.seconds, loss });
        this.finalLoss = loss;
        break;
      }
      case 'evaluated':
        this.accuracy = report.accuracy;
        if (report.loss !== undefined) this.finalLoss = report.loss;
        if (targetAccuracy !== undefined && (report.accuracy ?? 0) >= targetAccuracy)
          this.secondsToTarget ??= this.seconds;
        break;
      case 'joined':
      case 'evaluating':
      case 'output':
      case 'saved':
        break;
      // What it takes to go on without a node is part of the time.
      case 'dropped':
      case 'lost':
        this.disturbances.push({ kind: 'lost', node: report.node, seconds: this.#soFar(now) });
        return;
      case 'reformed': {
        const { nodes, step, replay, cause } = report;
        const { length } = nodes;
        this.disturbances.push({
          kind: 'reformed',
          seconds: this.#soFar(now),
          nodes: length,
          step,
          replay,
          cause,
        });
        return;
      }
      case 'replayed':
      case 'staleness':
        return;
    }
    this.#mark = now;
  }

  /** A node is taken away now. */
  struck(node: string): void {
    const seconds = this.#soFar(performance.now() / 1000);
    this.disturbances.push({ kind: 'fault', node, seconds });
  }

  #soFar(now: number): number {
    return this.seconds + now - this.#mark;
  }
}
