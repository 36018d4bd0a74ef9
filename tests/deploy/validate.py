"""Checks the objects of a YAML stream against the schemas of Kubernetes, and prints them as JSON.

    kubectl kustomize FOLDER | python3 validate.py VERSION…

Anything that a schema does not know, or knows otherwise, ends it with one line for each.
"""

import json
import sys

import yaml
from kubernetes_validate import ValidationError, validate


def main(versions):
    objects = [o for o in yaml.safe_load_all(sys.stdin) if o]
    wrong = []
    for version in versions:
        for o in objects:
            try:
                checked = validate(o, version, strict=True)
                if checked != version:
                    wrong.append(f"no schemas of Kubernetes {version}")
            except ValidationError as error:
                place = ".".join(str(step) for step in error.path)
                wrong.append(f"{version}: {o['kind']} {o['metadata']['name']}: {place}: {error.message}")
    if wrong:
        sys.exit("\n".join(wrong))
    json.dump(objects, sys.stdout)


main(sys.argv[1:])
