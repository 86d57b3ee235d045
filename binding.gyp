{
  # A thin door: node-gyp (and so prebuildify and plain `npm install`) reach the one build, CMakeLists.txt.
  "targets": [
    {
      "target_name": "hearken",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["build/Release/hearken.node"],
          "action": ["node", "scripts/build-native.mjs"]
        }
      ]
    }
  ]
}
