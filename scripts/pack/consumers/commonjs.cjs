const hearken = require('hearken');
const { twice } = require('./twice.cjs');

twice(hearken, process.argv[2]).then((answer) => console.log(JSON.stringify(answer)));
