# What node-gyp insists on reading before it runs binding.gyp. The build is CMake's and takes Node's headers from the npm package
# node-api-headers, so there is nothing to say here; "config.node_gyp_nodedir" in package.json points node-gyp to this folder
# instead of a download.
{}
