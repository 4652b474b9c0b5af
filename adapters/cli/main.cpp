#include "adapters/cli/verb.h"

int main(int argc, char** argv) { return rapport::cli::run(argc, argv); }
