#pragma once

namespace hearken {

// Of the sources that this was built from, as far as they decide results: scripts/engine-digest.mjs.
const char* engineDigest();
// What it was compiled by: another compiler may round otherwise.
const char* engineCompiler();

}  // namespace hearken
