import * as hearken from 'hearken';
import { twice } from './twice.mjs';

// No await here: a bundler that makes CommonJS of this could not.
twice(hearken, process.argv[2]).then((answer) => console.log(JSON.stringify(answer)));
