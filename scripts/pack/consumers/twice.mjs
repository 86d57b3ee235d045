/** What each of the programs beside this one does with the package, however it got it: the sample twice, then the memory is freed. */
export async function twice({ transcribe, cleanupResources, resources }, file, options = {}) {
  const first = await transcribe(file, options);
  const second = await transcribe(file, options); // from what was kept of the first
  await cleanupResources();
  return {
    text: first.toText(),
    sameAgain: second.toText() === first.toText(),
    computed: first.receipt.chunks - first.receipt.reusedChunks,
    computedAgain: second.receipt.chunks - second.receipt.reusedChunks,
    nativeBytes: resources.usage().native.total,
  };
}
