/** Counts checks and prints one line for each as it ends. A check fails by throwing; what it returns is put behind its name. */
export class Report {
  passed = 0;
  failed = 0;

  async check(name, body) {
    try {
      const note = await body();
      this.passed++;
      console.log(`✔ ${name}${note ? `: ${note}` : ''}`);
    } catch (error) {
      this.fail(name, error);
    }
  }

  fail(name, error) {
    this.failed++;
    console.log(`✘ ${name}: ${error.message}`);
  }
}
