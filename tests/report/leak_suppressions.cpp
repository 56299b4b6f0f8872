// SPDX-License-Identifier: Apache-2.0

// fontconfig keeps what it read of the system's fonts until the process ends; LeakSanitizer counts it as lost.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }
