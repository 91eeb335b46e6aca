// Emulated low-power devices on one Linux machine: each a network namespace with a slow link, and a control
// group with a share of a core and a bound of memory.

export { parseDevices, scaled } from './device.ts';
export type { Board, Device } from './device.ts';
export { requireCapacity } from './capacity.ts';
export { labName } from './name.ts';
export { planLab } from './plan.ts';
export type { LabPlan } from './plan.ts';
export { labVariable, ownLaboratory } from './laboratory.ts';
export type { Laboratory } from './laboratory.ts';
export { buildLab, letStart, readFigures, removeLab, removeLeftovers } from './build.ts';
export { hierarchies, hostNow, missingForLab, ownerNow } from './system.ts';
export type { CoreFigures, DeviceFigures } from './figures.ts';
