// The public API: what a program needs to train over a ring, and what a person needs to extend it.
// Everything else is free to change.

/** Every error that is meant for a person: one line and a code (docs/errors.md). */
export { errorCodes, RingError } from './errors.ts';
export type { ErrorCode } from './errors.ts';

/** From a training file's value, and facts about its data, to everything that follows from both. */
export { parseTraining, resolveTraining, trainingJsonSchema } from './model/training.ts';
export type { DataFacts, ResolvedTraining, Training } from './model/training.ts';

/** The datasets that a training file describes, and the order in which an epoch visits samples. */
export { createSampler, openData, openSamples } from './data/index.ts';
export type { OpenData, SampleDescription, Sampler } from './data/index.ts';

/** A master or a worker on this device, with all that it needs put together. */
export { startMaster } from './cli/master-session.ts';
export type { MasterSessionOptions, Session } from './cli/master-session.ts';
export { startWorker } from './cli/worker-session.ts';
/** What a master leads its ring through: optimizer steps and looks at the test set, or one look. */
export { evaluationCourse, trainingCourse } from './machine/course.ts';
export type { Pass } from './machine/course.ts';
export type { Report } from './node.ts';

/** The folder of a run, and a master's way to and from it. */
export { openRun } from './checkpoint/run.ts';
export { createRun } from './checkpoint/run-writer.ts';
export type { Run } from './checkpoint/run.ts';
export type { RunWriter } from './checkpoint/run-writer.ts';
export { createRunStore, openRunStore } from './cli/run-store.ts';

/** Graphs, their gradients, and the engine that runs them. */
export { GraphBuilder } from './graph/builder.ts';
export { differentiate } from './graph/differentiate.ts';
export type { Backward, DifferentiationRequest } from './graph/differentiate.ts';
export type { Graph, GraphNode, Shape, TensorType } from './graph/graph.ts';
export { createEngine } from './engine/client.ts';
export type { Dataset, Engine, EngineDescription, Program, Tensor } from './ports.ts';
