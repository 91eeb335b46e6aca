// A training's reports for a program: one JSON object a line.

import { RingError } from '../errors.ts';
import { modelledEnergy } from './energy.ts';
import type { TrainingDisplay } from './training-display.ts';

/** The last line of a training that did not come to its end. `code` is absent for a fault of ringtmp. */
export function failureLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof RingError ? error.code : undefined;
  return `${JSON.stringify({ type: 'end', isComplete: false, code, message })}\n`;
}

export function jsonDisplay(write: (line: string) => void): TrainingDisplay {
  const say = (type: string, fields: object): void =>
    write(`${JSON.stringify({ type, ...fields })}\n`);
  return {
    started: (engine) => say('engine', engine),
    waiting: (workers, invitations) => say('waiting', { workers, invitations }),
    resuming: (run, { step, savedStep }) => say('resume', { run, step, savedStep }),
    report(report, { pace, shipped, reformSeconds }) {
      switch (report.kind) {
        case 'joined': {
          const { node, name, joined, wanted } = report;
          return say('joined', { node, name, joined, wanted });
        }
        case 'formed':
          return say('ring', { nodes: report.nodes });
        case 'step': {
          const { step, epoch, loss, learningRate } = report;
          const { samplesPerSecond } = pace;
          return say('step', { step, epoch, loss, learningRate, samplesPerSecond });
        }
        case 'evaluated': {
          const { step, epoch, loss, accuracy } = report;
          return say('epoch', { step, epoch, testLoss: loss, testAccuracy: accuracy });
        }
        case 'saved':
          return say('saved', { step: report.step });
        case 'shipped':
          return say('shipped', { ...shipped });
        case 'dropped':
          return say('dropped', { node: report.node, reason: report.reason });
        case 'lost': {
          const { node, name, reason } = report;
          return say('lost', { node, name, reason });
        }
        case 'reformed': {
          const { cause, nodes, step, replay } = report;
          return say('reformed', { cause, nodes, step, replay, seconds: reformSeconds });
        }
        case 'replayed':
          return say('replayed', { step: report.step, until: report.until });
        case 'staleness': {
          const { pushes, mean, most } = report;
          return say('staleness', { pushes, mean, most });
        }
        case 'evaluating':
        case 'output':
        case 'shipping':
          return undefined;
      }
    },
    stopping: () => say('stopping', {}),
    measured: (recordings, { profile, unreadable }) =>
      say('figures', {
        nodes: recordings.map(({ node, figures, usage, energy }) => ({
          node,
          ...figures,
          ...usage,
          energy,
          modelledEnergy: profile && modelledEnergy(profile, figures),
        })),
        unreadable,
      }),
    ended({ step, seconds, testLoss, accuracy }, out, isComplete) {
      if (!isComplete) return;
      say('end', { isComplete, step, seconds, testLoss, testAccuracy: accuracy, out });
    },
  };
}
