// What a device's work costs in joules: sources that measure or model it, and the account of a run.

export { openPowerSource } from './open.ts';
export type { PowerChoice, PowerOptions } from './open.ts';
export { createEnergySampler } from './sampler.ts';
export type { EnergySampler } from './sampler.ts';
export { deviceUtilisation, modelEnergy, modelSource } from './model.ts';
export { deviceProfile, deviceProfiles } from './profiles.ts';
export type { DeviceProfile } from './profiles.ts';
