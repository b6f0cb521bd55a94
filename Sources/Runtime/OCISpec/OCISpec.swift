// OCISpec
