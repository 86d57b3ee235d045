/**
 * The memory limit of the process, what is loaded and kept for later, and what a job took.
 *
 * @module memory
 */
export {
  type Cleanup,
  cleanupResources,
  type DiarizerResource,
  type EvictionReason,
  type Lease,
  type MemorySample,
  type MemoryUsage,
  type NativeMemory,
  type Pressure,
  type Receipt,
  type ResourceEvents,
  ResourceManager,
  type ResourceManagerOptions,
  type ResourceSpec,
  resources,
  setMemoryLimit,
  type WhisperSpec,
} from '../../../lib/index.js';
