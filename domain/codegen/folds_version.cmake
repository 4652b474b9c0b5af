# cmake -DSOURCES=a,b -DFOLDER=ROOT -DOUTPUT=FILE -P: a source with the digest of all SOURCES, named relative to FOLDER.
string(REPLACE "," ";" sources "${SOURCES}")
set(digests "")
foreach(source ${sources})
  file(SHA256 ${FOLDER}/${source} digest)
  string(APPEND digests "${digest} ${source}\n")
endforeach()
string(SHA256 digest "${digests}")
file(WRITE ${OUTPUT} "#include \"domain/aggregates.h\"\nstd::string_view rapport::folds_version() { return \"${digest}\"; }\n")
