/**
 * The one class of error, and its codes. What to do about each: the guide to troubleshooting.
 *
 * @module errors
 */
export { HearkenError, type HearkenErrorCode } from '../../../lib/index.js';
