#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <algorithm>
#include <atomic>

#include "audio/child_process.h"
#include "core/error.h"

namespace hearken {
namespace {

std::wstring wide(const std::string& text) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring result(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), result.data(), length);
  return result;
}

// The rules by which a C program splits its command line.
std::wstring quoted(const std::wstring& argument) {
  std::wstring result = L"\"";
  size_t slashes = 0;
  for (wchar_t c : argument) {
    if (c == L'\\') {
      ++slashes;
      continue;
    }
    result.append(c == L'"' ? 2 * slashes + 1 : slashes, L'\\');
    slashes = 0;
    result += c;
  }
  result.append(2 * slashes, L'\\');
  return result + L"\"";
}

class Handle {
 public:
  ~Handle() { reset(); }
  void reset(HANDLE h = nullptr) {
    if (handle_) CloseHandle(handle_);
    handle_ = h;
  }
  HANDLE get() const { return handle_; }

 private:
  HANDLE handle_ = nullptr;
};

void makePipe(Handle& readEnd, Handle& writeEnd, bool childReads) {
  SECURITY_ATTRIBUTES inherit{sizeof(inherit), nullptr, TRUE};
  HANDLE r, w;
  if (!CreatePipe(&r, &w, &inherit, 1 << 16)) throw Error(codes::kAudioFfmpeg, "cannot start ffmpeg: no pipe");
  SetHandleInformation(childReads ? w : r, HANDLE_FLAG_INHERIT, 0);
  readEnd.reset(r);
  writeEnd.reset(w);
}

class WindowsChild : public ChildProcess {
 public:
  explicit WindowsChild(const Options& options) {
    Handle childIn, childOut, childErr;
    if (options.pipeInput) {
      makePipe(childIn, in_, true);
    } else {
      SECURITY_ATTRIBUTES inherit{sizeof(inherit), nullptr, TRUE};
      childIn.reset(
          CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0, nullptr));
    }
    makePipe(out_, childOut, false);
    makePipe(err_, childErr, false);

    HANDLE handles[] = {childIn.get(), childOut.get(), childErr.get()};
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    std::vector<char> storage(size);
    STARTUPINFOEXW startup{};
    startup.StartupInfo.cb = sizeof(startup);
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = handles[0];
    startup.StartupInfo.hStdOutput = handles[1];
    startup.StartupInfo.hStdError = handles[2];
    startup.lpAttributeList = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(storage.data());
    InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &size);
    UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles, sizeof(handles),
                              nullptr, nullptr);
    std::wstring line;
    for (const auto& argument : options.arguments) line += (line.empty() ? L"" : L" ") + quoted(wide(argument));
    PROCESS_INFORMATION process{};
    const BOOL started = CreateProcessW(wide(options.arguments[0]).c_str(), line.data(), nullptr, nullptr, TRUE,
                                        CREATE_NO_WINDOW | EXTENDED_STARTUPINFO_PRESENT, nullptr, nullptr,
                                        &startup.StartupInfo, &process);
    DeleteProcThreadAttributeList(startup.lpAttributeList);
    if (!started) {
      throw Error(codes::kAudioFfmpeg, "cannot start ffmpeg ('" + options.arguments[0] + "'): Windows error " +
                                           std::to_string(GetLastError()));
    }
    CloseHandle(process.hThread);
    process_.reset(process.hProcess);
  }

  ~WindowsChild() override {
    kill();
    WaitForSingleObject(process_.get(), 5000);
  }

  // Anonymous pipes cannot be waited for together: look at both every few milliseconds.
  Event read(uint8_t* out, size_t n, size_t& got, std::string& errors, int milliseconds) override {
    got = 0;
    for (int waited = 0;; waited += 2) {
      drainErrors(errors);
      DWORD there = 0;
      if (!PeekNamedPipe(out_.get(), nullptr, 0, nullptr, &there, nullptr)) return Event::kEnd;
      if (there > 0) {
        DWORD count = 0;
        if (!ReadFile(out_.get(), out, static_cast<DWORD>(std::min<size_t>(n, there)), &count, nullptr))
          return Event::kEnd;
        got = count;
        return Event::kData;
      }
      if (waited >= milliseconds) return Event::kTimeout;
      Sleep(2);
    }
  }

  bool wait(Ending& ending, std::string& errors, int milliseconds) override {
    for (int waited = 0;; waited += 2) {
      drainErrors(errors);
      if (WaitForSingleObject(process_.get(), 2) == WAIT_OBJECT_0) break;
      if (waited >= milliseconds) return false;
    }
    drainErrors(errors);
    DWORD code = 0;
    GetExitCodeProcess(process_.get(), &code);
    ending.crashed = code >> 28 == 0xC;  // an NTSTATUS of severity "error": 0xC0000005 is an access violation
    ending.code = static_cast<int64_t>(code);
    return true;
  }

  bool write(const uint8_t* data, size_t n) override {
    while (n > 0) {
      DWORD count = 0;
      if (!WriteFile(in_.get(), data, static_cast<DWORD>(std::min<size_t>(n, 1 << 16)), &count, nullptr)) return false;
      data += count;
      n -= count;
    }
    return true;
  }

  void closeInput() override { in_.reset(); }
  void kill() override { TerminateProcess(process_.get(), 1); }

 private:
  void drainErrors(std::string& errors) {
    char text[4096];
    DWORD there = 0, count = 0;
    while (PeekNamedPipe(err_.get(), nullptr, 0, nullptr, &there, nullptr) && there > 0 &&
           ReadFile(err_.get(), text, std::min<DWORD>(there, sizeof(text)), &count, nullptr)) {
      errors.append(text, count);
    }
  }

  Handle process_, in_, out_, err_;
};

}  // namespace

std::unique_ptr<ChildProcess> ChildProcess::start(const Options& options) {
  return std::make_unique<WindowsChild>(options);
}

NamelessFile::NamelessFile(const uint8_t*, size_t) {
  throw Error(
      codes::kAudioFormat,
      "this MP4 has its index at the end, which needs a file to seek in: give the path of a file instead of bytes");
}
NamelessFile::~NamelessFile() = default;

}  // namespace hearken
#endif
