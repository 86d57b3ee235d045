#pragma once

#include <string>

namespace hearken {

// Commits one bug of the kind that a sanitizer is there to catch, or with "none" the same steps done rightly. False if
// there is no bug of this name. Only in builds with HEARKEN_SANITIZE: scripts/test-sanitized.mjs asks for each and
// fails if it goes unnoticed, so that a suppression or an option that blinds the sanitizer is noticed itself.
bool plantBug(const std::string& name);

}  // namespace hearken
