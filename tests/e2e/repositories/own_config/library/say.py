from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(argument_spec={"text": {"type": "str", "required": True}})
module.exit_json(changed=True, msg=module.params["text"])
