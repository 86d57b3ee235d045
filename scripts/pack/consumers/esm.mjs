import * as hearken from 'hearken';
import { twice } from './twice.cjs';

console.log(JSON.stringify(await twice(hearken, process.argv[2])));
