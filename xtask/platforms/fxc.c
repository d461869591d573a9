// Compiles HLSL files with Microsoft's FXC as wgpu does. Prints a line for each: "compiled" or "refused", the CPU time
// in milliseconds, the file, and the compiler's message.
//
//     fxc.exe LIBRARY LIST
//
// LIST names the files, one a line. A file is named ANYTHING.ENTRY.hlsl, with its entry point.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// for macros such as ID3D10Blob_Release
#define COBJMACROS
#include <windows.h>
#include <d3dcommon.h>

// D3DCOMPILE_ENABLE_STRICTNESS, the only flag that wgpu sets in release builds
#define STRICTNESS 0x800

typedef HRESULT(WINAPI *Compile)(LPCVOID text, SIZE_T length, LPCSTR name, const void *defines, void *include,
                                 LPCSTR entry, LPCSTR target, UINT flags, UINT effect_flags, ID3DBlob **code,
                                 ID3DBlob **messages);

// CPU time, because other programs may keep the machine busy.
static double milliseconds(void) {
    FILETIME created, ended, kernel, user;
    GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user);
    ULARGE_INTEGER in_kernel = {.u = {kernel.dwLowDateTime, kernel.dwHighDateTime}};
    ULARGE_INTEGER in_user = {.u = {user.dwLowDateTime, user.dwHighDateTime}};
    return (in_kernel.QuadPart + in_user.QuadPart) / 1e4;
}

static char *contents(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *length = ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    *length = fread(text, 1, *length, file);
    fclose(file);
    return text;
}

// The word between the last two dots of the path.
static int entry_of(const char *path, char *entry, size_t room) {
    const char *end = strrchr(path, '.');
    if (!end) return 0;
    const char *start = end;
    while (start > path && start[-1] != '.') start--;
    size_t length = end - start;
    if (start == path || length >= room) return 0;
    memcpy(entry, start, length);
    entry[length] = 0;
    return 1;
}

static void print_message(ID3DBlob *message) {
    const char *text = ID3D10Blob_GetBufferPointer(message);
    size_t length = ID3D10Blob_GetBufferSize(message);
    for (size_t i = 0; i < length && text[i]; i++) putchar(text[i] == '\n' || text[i] == '\t' ? ' ' : text[i]);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    HMODULE library = LoadLibraryA(argv[1]);
    FILE *list = fopen(argv[2], "r");
    if (!library || !list) {
        fprintf(stderr, "%s or %s can't be opened (%lu)\n", argv[1], argv[2], GetLastError());
        return 2;
    }
    Compile compile = (Compile)(void *)GetProcAddress(library, "D3DCompile");
    char path[1024], entry[256];
    while (fgets(path, sizeof path, list)) {
        path[strcspn(path, "\r\n")] = 0;
        size_t length = 0;
        char *text = contents(path, &length);
        if (!text || !entry_of(path, entry, sizeof entry)) {
            fprintf(stderr, "%s can't be read\n", path);
            return 2;
        }
        ID3DBlob *code = NULL, *message = NULL;
        double before = milliseconds();
        HRESULT result = compile(text, length, NULL, NULL, NULL, entry, "cs_5_1", STRICTNESS, 0, &code, &message);
        printf("%s\t%.0f\t%s\t", result == 0 ? "compiled" : "refused", milliseconds() - before, path);
        if (message) print_message(message);
        printf("\n");
        fflush(stdout);
        if (code) ID3D10Blob_Release(code);
        if (message) ID3D10Blob_Release(message);
        free(text);
    }
    return 0;
}
