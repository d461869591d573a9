// Compiles HLSL files with Microsoft's DXC as wgpu does. Prints a line for each: "compiled" or "refused", the CPU time
// in milliseconds, the file, and the compiler's message.
//
//     dxc LIBRARY MODEL LIST
//
// MODEL is a target such as cs_6_0. LIST names the files, one a line. A file is named ANYTHING.ENTRY.hlsl, with its
// entry point.
#include <cstdio>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "WinAdapter.h"
#include "dxcapi.h"

static std::wstring wide(const std::string &text) { return std::wstring(text.begin(), text.end()); }

// CPU time, because other programs may keep the machine busy.
static double milliseconds() { return 1000.0 * clock() / CLOCKS_PER_SEC; }

// The word between the last two dots of the path.
static std::string entry_of(const std::string &path) {
    size_t end = path.rfind('.');
    size_t start = end == std::string::npos ? end : path.rfind('.', end - 1);
    return start == std::string::npos ? "" : path.substr(start + 1, end - start - 1);
}

static void print_message(IDxcResult *result) {
    IDxcBlobUtf8 *message = nullptr;
    result->GetOutput(DXC_OUT_ERRORS, __uuidof(IDxcBlobUtf8), (void **)&message, nullptr);
    if (!message) return;
    for (const char *text = message->GetStringPointer(); text && *text; text++)
        putchar(*text == '\n' || *text == '\t' ? ' ' : *text);
    message->Release();
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    void *library = dlopen(argv[1], RTLD_NOW);
    std::ifstream list(argv[3]);
    if (!library || !list) {
        fprintf(stderr, "%s or %s can't be opened: %s\n", argv[1], argv[3], library ? strerror(errno) : dlerror());
        return 2;
    }
    auto create = (DxcCreateInstanceProc)dlsym(library, "DxcCreateInstance");
    IDxcCompiler3 *compiler = nullptr;
    if (FAILED(create(CLSID_DxcCompiler, __uuidof(IDxcCompiler3), (void **)&compiler))) return 2;
    std::wstring model = wide(argv[2]);
    std::string path;
    while (std::getline(list, path)) {
        std::ifstream file(path, std::ios::binary);
        std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        if (!file) {
            fprintf(stderr, "%s can't be read\n", path.c_str());
            return 2;
        }
        std::wstring entry = wide(entry_of(path));
        // wgpu's arguments, without the debugging ones
        std::vector<LPCWSTR> arguments = {L"-E",   entry.c_str(), L"-T",           model.c_str(),
                                          L"-HV", L"2018",        L"-no-warnings", L"-Ges"};
        DxcBuffer buffer{text.data(), text.size(), DXC_CP_UTF8};
        IDxcResult *result = nullptr;
        double before = milliseconds();
        HRESULT status = compiler->Compile(&buffer, arguments.data(), arguments.size(), nullptr, __uuidof(IDxcResult),
                                           (void **)&result);
        if (SUCCEEDED(status)) result->GetStatus(&status);
        printf("%s\t%.0f\t%s\t", SUCCEEDED(status) ? "compiled" : "refused", milliseconds() - before, path.c_str());
        if (result) print_message(result);
        printf("\n");
        fflush(stdout);
        if (result) result->Release();
    }
    return 0;
}
