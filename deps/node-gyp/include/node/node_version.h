/* See common.gypi. */
#define NODE_MAJOR_VERSION 20
#define NODE_MINOR_VERSION 0
#define NODE_PATCH_VERSION 0
