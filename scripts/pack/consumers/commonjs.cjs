const hearken = require('hearken');
const { twice } = require('./twice.mjs');

twice(hearken, process.argv[2]).then((answer) => console.log(JSON.stringify(answer)));
